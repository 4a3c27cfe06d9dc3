"""The command line: a command a file, each found when it is called for."""
