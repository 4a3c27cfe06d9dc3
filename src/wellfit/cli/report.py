"""`wellfit report RUN`"""

from pathlib import Path
from typing import Annotated

import typer

from wellfit.cli.options import To
from wellfit.cli.settings import project


def report(
    run: Annotated[str, typer.Argument(help="The run folder, or its name.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The HTML file.  [default: report.html in the run folder]"),
    ] = None,
    to: To = None,
) -> None:
    """Write a run's report: one HTML file that opens offline, and say where it is.

    With `--to` the run is written for other tools as well.
    """
    from rich.console import Console

    from wellfit.cli.tools import Tools
    from wellfit.record import open_run
    from wellfit.show.report import report as write
    from wellfit.verbs.diagnose import diagnose
    from wellfit.verbs.runs import find

    settings = project()
    tools = Tools(to or (), Console(stderr=True, highlight=False))
    seen = open_run(find(run, settings.out))
    found = diagnose(seen, ignore=settings.ignore, rules=settings.rules)
    written = write(seen, out, diagnosis=found)
    print(written)
    tools.finish(seen, found, written)
