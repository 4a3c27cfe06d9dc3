"""`wellfit show RUN…`"""

from pathlib import Path
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
    """Show recorded runs side by side: their settings, and what they reached.

    Of a treatment it shows what came of it.
    """
    from wellfit.record import open_run
    from wellfit.show.compare import show_compared
    from wellfit.verbs.compare import compare
    from wellfit.verbs.runs import find, find_treatment

    base = project().out
    treated = find_treatment(runs[0], base) if len(runs) == 1 else None
    if treated is not None:
        _treatment(treated, json)
        return
    paths = [find(name, base) for name in runs]
    opened = [open_run(path) for path in paths]
    if json is None:
        show_compared(opened, console())
        return
    rows = compare(opened)
    values = [{"name": row.name, "values": row.values} for row in rows]
    write_json({"schema": 1, "runs": [str(p) for p in paths], "rows": values}, json)


def _treatment(folder: Path, json: Path | None) -> None:
    from wellfit.show.treatment import show_treatment
    from wellfit.trials.kept import open_treatment

    found = open_treatment(folder).treatment
    if json is None:
        show_treatment(found, console())
    else:
        write_json(found.to_json(), json)
