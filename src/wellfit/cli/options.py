"""The flags that several commands have: the same name means the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

from wellfit.core.finding import Severity

Script = Annotated[
    str,
    typer.Argument(help="The training script.", metavar="SCRIPT", show_default=False),
]
Args = Annotated[
    list[str] | None,
    typer.Argument(
        help="The script's own arguments.", metavar="[ARGS]…", show_default=False
    ),
]
Module = Annotated[
    bool, typer.Option("-m", help="SCRIPT is a module, as after `python -m`.")
]
Json = Annotated[
    Path | None,
    typer.Option(
        "--json", help="Write the result as JSON; - is standard output.", metavar="PATH"
    ),
]
RunFolder = Annotated[
    Path | None,
    typer.Option(
        "--out", help="The run folder.  [default: wellfit-runs/<time>-<name>]"
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="A rule to leave out; repeatable.", metavar="RULE"),
]
FailOn = Annotated[
    Severity | None,
    typer.Option(
        "--fail-on", help="Exit with 10 on a finding as severe as that, or worse."
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Show neither progress nor findings.")
]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        help="A tool to write the run for, with a place where it takes one: "
        "tensorboard, wandb, mlflow, comet, prometheus; repeatable.",
        metavar="TOOL[=PLACE]",
    ),
]
