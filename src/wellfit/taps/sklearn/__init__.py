"""scikit-learn, watched: every fit, and the scores that are computed after it."""
