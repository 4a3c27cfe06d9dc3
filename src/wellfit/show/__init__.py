"""The only code that draws: the terminal, the report."""
