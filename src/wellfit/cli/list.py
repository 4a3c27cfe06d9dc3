"""`wellfit list [FOLDER]`"""

import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from wellfit.cli.options import Json
from wellfit.cli.output import console, write_json
from wellfit.cli.settings import project
from wellfit.core.errors import BadRun


def list(  # noqa: A001 (named as its command)
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where the runs are.  [default: wellfit-runs]"),
    ] = None,
    json: Json = None,
) -> None:
    """List the recorded runs, and treatments; the one last written to first."""
    if folder is not None and not folder.is_dir():
        raise BadRun(f"expected a folder with runs; there is none at {folder}")
    place = project().out if folder is None else folder

    from wellfit.show.compare import show_runs
    from wellfit.show.treatment import show_treatments
    from wellfit.verbs.runs import runs, summary, treatments

    with warnings.catch_warnings(record=True) as left_out:
        warnings.simplefilter("always")
        found, treated = runs(place), treatments(place)
    for warning in left_out:
        print(f"wellfit: {warning.message}", file=sys.stderr)
    if json is not None:
        lines = [asdict(summary(run, run.path)) for run in found if run.path]
        write_json({"schema": 1, "runs": lines}, json)
    elif found or treated:
        if found:
            show_runs(found, console())
        show_treatments(treated, console())
    else:
        print(f"No runs in {place} yet: `wellfit run SCRIPT` records one.")
