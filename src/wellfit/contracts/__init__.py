"""What every plugin promises, as checks that its author can run: one file a kind."""
