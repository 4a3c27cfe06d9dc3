"""`wellfit explain NAME`"""

import sys
from typing import Annotated

import typer

from wellfit.cli.settings import project


def explain(
    name: Annotated[str, typer.Argument(help="A rule, a remedy, a signal, or a word.")],
) -> None:
    """Explain a rule, a remedy, a signal or a word of the output."""
    from wellfit.verbs.explain import explain as verb
    from wellfit.verbs.explain import fenced

    page = verb(name, ledger=project().ledger)
    if not sys.stdout.isatty():
        print(page, end="")
        return

    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=min(Console().width, 88)).print(Markdown(fenced(page)))
