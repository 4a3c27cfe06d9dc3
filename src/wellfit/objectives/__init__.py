"""What a training is for: its metrics."""
