"""Learning-rate schedules, as plain values: from a step to a factor of the rate."""
