"""`python -m wellfit` is `wellfit`."""

from wellfit.cli.main import main

main()
