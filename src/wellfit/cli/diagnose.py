"""`wellfit diagnose RUN`"""

from typing import Annotated

import typer

from wellfit.cli.options import FailOn, Ignore, Json
from wellfit.cli.output import STDOUT, write_json
from wellfit.cli.output import fail_on as leave_on
from wellfit.cli.settings import project


def diagnose(
    run: Annotated[str, typer.Argument(help="The run folder, or its name.")],
    json: Json = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
) -> None:
    """Say what is wrong with a recorded run, most probable cause first."""
    from wellfit.cli.output import console
    from wellfit.record import open_run
    from wellfit.show.terminal import show_diagnosis
    from wellfit.verbs.diagnose import diagnose as verb
    from wellfit.verbs.runs import find

    settings = project()
    seen = open_run(find(run, settings.out))
    found = verb(
        seen,
        ignore=(*settings.ignore, *(ignore or ())),
        rules=settings.rules,
        script_exit=seen.facts.get("outcome", {}).get("exit"),
    )
    if json is not None:
        write_json(found.to_json(), json)
    if json != STDOUT:
        show_diagnosis(found, seen, console())
    leave_on(found.worst, fail_on or settings.fail_on)
