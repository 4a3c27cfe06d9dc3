"""What holds for all tests."""

collect_ignore = ["loops"]  # scripts that train: they are run, and not imported
