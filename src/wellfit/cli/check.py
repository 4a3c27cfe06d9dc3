"""`wellfit check SCRIPT [ARGS…]` and `wellfit check DATA`"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wellfit.cli.options import Args, FailOn, Ignore, Json, Module, Quiet, RunFolder
from wellfit.cli.output import STDOUT, write_json
from wellfit.cli.output import fail_on as leave_on
from wellfit.cli.settings import Settings, project
from wellfit.core.errors import BadSetting

if TYPE_CHECKING:
    from wellfit.verbs.check import Checked, Rules

NAME = "checklist.html"


def check(
    subject: Annotated[
        str,
        typer.Argument(
            help="The training script, or the data.",
            metavar="SCRIPT|DATA",
            show_default=False,
        ),
    ],
    args: Args = None,
    module: Module = False,
    target: Annotated[
        str | None, typer.Option(help="Of data: the column to predict.")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="Of data: a file that is held back.")
    ] = None,
    budget: Annotated[
        str, typer.Option(help="The time a script may take, such as 60s or 5m.")
    ] = "60s",
    out: RunFolder = None,
    html: Annotated[
        Path | None,
        typer.Option(
            help="The checklist as a page.  [default: checklist.html in the run folder]"
        ),
    ] = None,
    json: Json = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    quiet: Quiet = False,
) -> None:
    """Check a training script, or data, before compute is spent on it.

    A script is run up to its first steps, things are tried out on copies of its model,
    and it is stopped: what it does until then, it does. Options may follow DATA, and
    come before SCRIPT: everything after it is the script's own.
    """
    from rich.console import Console

    from wellfit.core.run import Run
    from wellfit.show.checklist import show_checklist
    from wellfit.verbs import check as verb
    from wellfit.verbs.diagnose import diagnose

    settings = project()
    how = verb.Rules(
        ignore=(*settings.ignore, *(ignore or ())), thresholds=settings.rules
    )
    diagnose(Run(), ignore=how.ignore, rules=how.thresholds)  # wrong names are told now
    if module or verb.is_script(subject):
        if target is not None or validation is not None:
            given = "--target" if target is not None else "--validation"
            raise BadSetting(
                f"{given} is for data; a script says itself what it trains on"
            )
        words = [subject, *(args or [])]
        to = sys.stderr if json == STDOUT else None
        place = _place(subject, module=module, out=out, settings=settings)
        found = verb.script(
            words,
            module=module,
            budget=_seconds(budget),
            out=place,
            rules=how,
            prints_to=to,
        )
    else:
        found = _data(subject, args or [], target, validation, how)
    page = html or (found.diagnosis.run / NAME if found.diagnosis.run else None)
    if page is not None:
        from wellfit.show.report.checklist import checklist_page

        checklist_page(found.diagnosis, page, title=Path(subject).name)
    if json is not None:
        write_json(found.diagnosis.to_json(), json)
    if not quiet:
        console = Console(stderr=True, highlight=False)
        show_checklist(found.diagnosis, found.run, console, page=page)
    if found.diagnosis.script_exit:
        raise typer.Exit(found.diagnosis.script_exit)
    leave_on(found.diagnosis.worst, fail_on or settings.fail_on)


def _place(
    subject: str, *, module: bool, out: Path | None, settings: Settings
) -> Path | None:
    from wellfit.taps import ranks
    from wellfit.verbs import run

    name = run.check(subject, module=module)
    return ranks.folder_for(name, out, base=settings.out)


def _seconds(budget: str) -> float:
    from wellfit.trainer.clock import seconds_of

    return seconds_of(budget)


def _data(
    subject: str,
    words: list[str],
    target: str | None,
    validation: Path | None,
    how: "Rules",
) -> "Checked":
    """Of data, options may stand on either side of the file."""
    from wellfit.verbs import check as verb

    if words:
        raise BadSetting(
            f"check takes one file of data, or a script with its arguments; got "
            f"{words[0]!r} after {subject!r}"
        )
    return verb.data(subject, target=target, validation=validation, rules=how)
