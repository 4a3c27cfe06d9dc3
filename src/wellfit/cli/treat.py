"""`wellfit treat SCRIPT [ARGS…]`"""

from pathlib import Path
from typing import Annotated

import typer

from wellfit.cli.options import Args, Json, Module, Quiet, Script
from wellfit.cli.output import STDOUT, write_json
from wellfit.cli.settings import project
from wellfit.verbs.treat import BUDGET, LOCAL


def treat(
    script: Script,
    args: Args = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--with",
            metavar="PLAN",
            help="Prove these changes, a YAML file, instead of looking for some.",
        ),
    ] = None,
    module: Module = False,
    metric: Annotated[
        str | None,
        typer.Option(help="The signal to judge by.  [default: the validation loss]"),
    ] = None,
    budget: Annotated[
        str, typer.Option(help="The time for all trials, such as 90s, 20m or 2h.")
    ] = BUDGET,
    budget_trials: Annotated[
        int | None, typer.Option(help="The most trials.  [default: as time allows]")
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust", help="Believe what helps on one seed, without any proof."
        ),
    ] = False,
    least_gain: Annotated[
        float,
        typer.Option(min=0.0, help="The improvement from which on it counts."),
    ] = 0.0,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Trials that are run beside each other.  [default: 1; on a cluster, "
            "as many as it has room for]",
        ),
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            metavar="local|ray|ray://HOST",
            help="Where trials run: this machine, the Ray cluster that it is part of, "
            "or another.",
        ),
    ] = LOCAL,
    memory: Annotated[
        str | None,
        typer.Option(help="The most that a trial may take, such as 800M or 4G."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder for the trials; those there are not run again."),
    ] = None,
    json: Json = None,
    quiet: Quiet = False,
) -> None:
    """Find what helps a script that trains badly, and prove it.

    The script stays as it is. It is run and diagnosed; remedies are tried, and the best
    of them proven: runs with it and without it in pairs that share all seeds, until the
    95 % interval of the improvement leaves no doubt, or the budget is spent. Options
    come before SCRIPT; everything after it is the script's own.
    """
    from rich.console import Console

    from wellfit.show.terminal import shown
    from wellfit.show.treatment import show_begun, show_treatment, show_trial
    from wellfit.verbs.treat import treat as verb

    console = Console(stderr=json == STDOUT, highlight=False)
    treatment = verb(
        script,
        args or [],
        plan=plan,
        metric=metric,
        budget=budget,
        budget_trials=budget_trials,
        trust=trust,
        least_gain=least_gain,
        out=out,
        module=module,
        jobs=jobs,
        ledger=project().ledger,
        on=on,
        memory=memory,
        on_begin=None if quiet else lambda begun: show_begun(begun, console),
        on_trial=None if quiet else lambda trial: show_trial(trial, console),
    )
    if json is not None:
        write_json(treatment.to_json(), json)
    if not quiet:
        show_treatment(treatment, console)
        where = f"wellfit report {shown(treatment.path)}"
        console.print(where, style="dim", soft_wrap=True)
