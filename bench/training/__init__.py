"""What our own trainer costs, beside the loops that people write."""
