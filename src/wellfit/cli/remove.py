"""`wellfit remove RUN…`"""

import sys
from typing import Annotated

import typer

from wellfit.cli.settings import project
from wellfit.core.errors import BadSetting


def remove(
    runs: Annotated[
        list[str], typer.Argument(help="Run folders, or their names.", metavar="RUN…")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
) -> None:
    """Remove recorded runs and treatments, with everything in their folders."""
    from wellfit.verbs.runs import find, find_treatment
    from wellfit.verbs.runs import remove as remove_run

    base = project().out
    places = (find_treatment(name, base) or find(name, base) for name in runs)
    paths = list(dict.fromkeys(places))
    if not yes:
        _ask([str(path) for path in paths])
    for path in paths:
        remove_run(path)
        print(f"removed {path}")


def _ask(names: list[str]) -> None:
    if not sys.stdin.isatty():
        raise BadSetting("nobody is here to be asked; say --yes to remove the runs")
    typer.confirm(f"Remove {', '.join(names)} for good?", abort=True)
