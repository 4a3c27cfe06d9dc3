"""Tables: read, profiled, split, and prepared for models."""
