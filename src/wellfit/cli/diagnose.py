"""`wellfit diagnose RUN|LOGS…`"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wellfit.cli.options import FailOn, Ignore, Json
from wellfit.cli.output import STDOUT, console, write_json
from wellfit.cli.output import fail_on as leave_on
from wellfit.cli.settings import Settings, project
from wellfit.core.errors import UnknownName

if TYPE_CHECKING:
    from wellfit.core.finding import Severity
    from wellfit.core.run import Run


def diagnose(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="A run folder or its name; a log of another tool; a folder of them.",
            metavar="PATH...",
        ),
    ],
    json: Json = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
) -> None:
    """Say what is wrong with a recorded run, or with anybody's logs.

    Of one run, the findings, most probable cause first. Of several, a line each, and
    what is wrong across them.
    """
    settings = project()
    seen = [run for name in runs for run in _read(name, settings)]
    ignored = (*settings.ignore, *(ignore or ()))
    if len(seen) == 1:
        worst = _one(seen[0], settings, ignored, json)
    else:
        worst = _several(seen, settings, ignored, json)
    leave_on(worst, fail_on or settings.fail_on)


def _read(name: str, settings: Settings) -> "tuple[Run, ...]":
    """The run of that name, or the runs at that path."""
    from wellfit.verbs.read import read
    from wellfit.verbs.runs import find

    try:
        return read(find(name, settings.out))
    except UnknownName:
        if not Path(name).exists():
            raise
    return read(name)


def _one(
    run: "Run", settings: Settings, ignored: tuple[str, ...], json: Path | None
) -> "Severity | None":
    from wellfit.show.logs import show_log
    from wellfit.show.terminal import show_diagnosis
    from wellfit.verbs.diagnose import diagnose as verb

    found = verb(
        run,
        ignore=ignored,
        rules=settings.rules,
        script_exit=run.facts.get("outcome", {}).get("exit"),
    )
    if json is not None:
        write_json(found.to_json(), json)
    if json != STDOUT:
        show_log(run, console())
        show_diagnosis(found, run, console())
    return found.worst


def _several(
    runs: "list[Run]", settings: Settings, ignored: tuple[str, ...], json: Path | None
) -> "Severity | None":
    from wellfit.show.logs import show_survey
    from wellfit.verbs.survey import survey
    from wellfit.verbs.sweep import sweep

    found = survey(runs, ignore=ignored, rules=settings.rules)
    over = sweep([one.run for one in found], ignore=ignored, rules=settings.rules)
    if json is not None:
        told = [one.to_json() for one in found]
        write_json({"schema": 1, "runs": told, "sweep": over.to_json()}, json)
    if json != STDOUT:
        show_survey(found, over, console())
    worst = [*(one.diagnosis.worst for one in found), over.worst]
    return max((w for w in worst if w is not None), key=lambda w: w.rank, default=None)
