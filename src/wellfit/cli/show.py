"""`wellfit show RUN…`"""

from typing import Annotated

import typer

from wellfit.cli.options import Json
from wellfit.cli.output import console, write_json
from wellfit.cli.settings import project


def show(
    runs: Annotated[
        list[str], typer.Argument(help="Run folders, or their names.", metavar="RUN…")
    ],
    json: Json = None,
) -> None:
    """Show recorded runs side by side: their settings, and what they reached."""
    from wellfit.record import open_run
    from wellfit.show.compare import show_compared
    from wellfit.verbs.compare import compare
    from wellfit.verbs.runs import find

    base = project().out
    paths = [find(name, base) for name in runs]
    opened = [open_run(path) for path in paths]
    if json is None:
        show_compared(opened, console())
        return
    rows = compare(opened)
    values = [{"name": row.name, "values": row.values} for row in rows]
    write_json({"schema": 1, "runs": [str(p) for p in paths], "rows": values}, json)
