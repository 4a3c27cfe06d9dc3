"""The verbs: the same name in the shell and in Python; one each, short."""
