"""`wellfit report RUN`"""

from pathlib import Path
from typing import Annotated

import typer

from wellfit.cli.options import To
from wellfit.cli.settings import project
from wellfit.core.errors import BadSetting


def report(
    run: Annotated[
        str, typer.Argument(help="The folder of a run or a treatment, or its name.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The HTML file.  [default: report.html in the run folder]"),
    ] = None,
    to: To = None,
) -> None:
    """Write the report of a run or a treatment: one HTML file that opens offline.

    It says where it is. With `--to` a run is written for other tools as well.
    """
    from rich.console import Console

    from wellfit.cli.tools import Tools
    from wellfit.record import open_run
    from wellfit.show.report import report as write
    from wellfit.verbs.diagnose import diagnose
    from wellfit.verbs.runs import find, find_treatment

    settings = project()
    treated = find_treatment(run, settings.out)
    if treated is not None:
        if to:
            raise BadSetting(
                f"--to writes runs for other tools, and {treated} is a treatment: name "
                f"one of the runs in {treated / 'trials'}"
            )
        print(write(treated, out))
        return
    tools = Tools(to or (), Console(stderr=True, highlight=False))
    seen = open_run(find(run, settings.out))
    found = diagnose(seen, ignore=settings.ignore, rules=settings.rules)
    written = write(seen, out, diagnosis=found)
    print(written)
    tools.finish(seen, found, written)
