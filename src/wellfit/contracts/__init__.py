"""What every plugin promises, as checks that its author can run too: one file a kind."""
