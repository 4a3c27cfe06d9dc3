"""Edits of a training in PyTorch: of its steps, its models, its losses, its batches."""
