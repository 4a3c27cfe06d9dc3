"""The scripts are run, each in a process of its own; only the tests are collected."""

collect_ignore_glob = ["sklearn_*.py"]
