"""`wellfit run SCRIPT [ARGS…]`"""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wellfit.cli.options import (
    Args,
    FailOn,
    Ignore,
    Json,
    Module,
    Quiet,
    RunFolder,
    Script,
    To,
)
from wellfit.cli.output import STDOUT, write_json
from wellfit.cli.output import fail_on as leave_on
from wellfit.cli.settings import project
from wellfit.core.errors import BadSetting

if TYPE_CHECKING:
    from wellfit.core.plan import Plan

OVERHEAD = "2%"


def run(
    script: Script,
    args: Args = None,
    module: Module = False,
    out: RunFolder = None,
    json: Json = None,
    overhead: Annotated[
        str | None,
        typer.Option(help="The share of the time that looking may take, such as 2%."),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(min=1, help="Look at each so manieth step, at any price."),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--with",
            metavar="PLAN",
            help="Train with the changes of a plan: a YAML file.",
        ),
    ] = None,
    heal: Annotated[
        bool,
        typer.Option(
            "--heal",
            help="Where the training breaks, go back to its last good state, and on "
            "with care.",
        ),
    ] = False,
    heal_most: Annotated[
        int | None,
        typer.Option(min=1, help="The same, going back at most so often (5)."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Move all seeds by this number, also those that the script sets.",
        ),
    ] = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Show curves and findings while it runs."),
    ] = False,
    to: To = None,
    quiet: Quiet = False,
) -> None:
    """Run a training script, untouched, and say what is wrong with its training.

    Options come before SCRIPT; everything after it is the script's own. The script's
    output and exit status are its own too: what wellfit says goes to standard error.
    Only with `--json -` does what the script prints go there as well.
    """
    from wellfit.verbs import run as verb

    settings = project()
    name = verb.check(script, module=module)
    changes = None if plan is None else _plan(plan)
    share = _share(overhead or settings.overhead or OVERHEAD)

    from rich.console import Console

    from wellfit.cli.tools import Tools
    from wellfit.core.run import Run
    from wellfit.show.follow import Follower
    from wellfit.show.live import live_view
    from wellfit.show.terminal import show_diagnosis
    from wellfit.taps import ranks
    from wellfit.verbs.diagnose import diagnose

    judge = partial(
        diagnose, ignore=(*settings.ignore, *(ignore or ())), rules=settings.rules
    )
    judge(Run())  # a rule that does not exist is said before the script runs
    console = Console(stderr=True, highlight=False)
    shown = live and not quiet and json != STDOUT
    view = live_view(console, judge) if shown else None
    followers: dict[Path, Follower] = {}
    tools = Tools(to or (), console, judge=judge, live=True, quiet=quiet)

    def follow(folder: Path) -> None:
        if view is not None:
            view.poll(folder)
        elif not quiet:
            followers.setdefault(folder, Follower(folder, console)).poll()
        tools.poll(folder)

    seen = verb.run(
        script,
        args or [],
        module=module,
        out=ranks.folder_for(name, out, base=settings.out),
        overhead=share,
        every=every or settings.every,
        seed=seed,
        plan=changes,
        heal=heal if heal_most is None else heal_most,
        prints_to=view.take if view else sys.stderr if json == STDOUT else None,
        while_running=follow,
    )
    if view is not None:
        view.finish()
    for follower in followers.values():
        follower.finish()
    status = int(seen.facts["outcome"]["exit"])
    if ranks.rank():
        raise typer.Exit(status)
    diagnosis = judge(seen, script_exit=status)
    if json is not None:
        write_json(diagnosis.to_json(), json)
    if not quiet:
        show_diagnosis(diagnosis, seen, console)
    tools.finish(seen, diagnosis)
    if status:
        raise typer.Exit(status)
    leave_on(diagnosis.worst, fail_on or settings.fail_on)


def _plan(path: Path) -> "Plan":
    from wellfit.remedies.plans import read_plan

    return read_plan(path)


def _share(text: str) -> float:
    """`2%` is 0.02, and so is `0.02`."""
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise BadSetting(
            f"--overhead must be a share of the time, such as 2%; got {text!r}"
        )
    return share
