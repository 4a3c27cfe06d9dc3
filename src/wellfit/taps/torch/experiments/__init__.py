"""What is tried on copies of a training, before compute is spent on it."""
