"""`wellfit train TABLE --target COL`"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from wellfit.cli.options import FailOn, Ignore, Json, Quiet, RunFolder
from wellfit.cli.output import STDOUT, write_json
from wellfit.cli.output import fail_on as leave_on
from wellfit.cli.settings import project
from wellfit.core.errors import BadSetting

INTERRUPTED = 130  # exit status, as a shell gives it


def train(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, Parquet or Excel, compressed or not.", show_default=False
        ),
    ],
    target: Annotated[
        str, typer.Option(help="The column to predict.", show_default=False)
    ],
    out: RunFolder = None,
    json: Json = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the split and the models.  [default: 0]")
    ] = None,
    budget: Annotated[
        str, typer.Option(help="The time it may take, such as 60s, 20m or 1h.")
    ] = "60s",
    metric: Annotated[
        str | None,
        typer.Option(help="What to choose the model by.  [default: what fits]"),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="classification or regression.  [default: told by TARGET]"),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(help="Split by this column: train on the past, test on the rest."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Split by this column: its rows stay together."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="COL=number, category, boolean, date, text or identifier: what a "
            "column holds, where it was taken for something else; repeatable."
        ),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="A column to leave out; repeatable.")
    ] = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    quiet: Quiet = False,
) -> None:
    """Train a model on a table, and say how good it is and what is wrong with it.

    The rows are split into a training, a validation and an untouched test part. A
    linear model, boosted trees and a small network are held against the trivial
    baseline; the best is refitted, scored once on the test part, and saved.
    """
    settings = project()
    kinds = _kinds(kind or ())

    from rich.console import Console

    from wellfit.show.training import progress_bar, show_training
    from wellfit.verbs.train import train as verb

    console = Console(stderr=True, highlight=False)
    try:
        with progress_bar(console, quiet=quiet) as tell:
            trained = verb(
                table,
                target=target,
                out=out,
                runs=settings.out,
                seed=seed if seed is not None else settings.seed or 0,
                budget=budget,
                metric=metric,
                task=task,
                time=time,
                group=group,
                kinds=kinds,
                drop=drop or (),
                ignore=(*settings.ignore, *(ignore or ())),
                rules=settings.rules,
                on_progress=tell,
            )
    except KeyboardInterrupt:
        print("wellfit: interrupted before a model was trained", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    if json is not None:
        write_json(trained.to_json(), json)
    if not quiet:
        show_training(trained, Console(stderr=json == STDOUT, highlight=False))
    leave_on(trained.diagnosis.worst, fail_on or settings.fail_on)


def _kinds(pairs: Sequence[str]) -> dict[str, str]:
    """`["zip=category"]` is `{"zip": "category"}`; a name may have `=` in it."""
    kinds = {}
    for pair in pairs:
        name, equals, kind = pair.rpartition("=")
        if not (name and equals):
            raise BadSetting(f"--kind must be COL=KIND; got {pair!r}")
        kinds[name] = kind
    return kinds
