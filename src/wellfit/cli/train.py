"""`wellfit train TABLE --target COL` and `wellfit train recipe.yaml`"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import time as now
from typing import Annotated, Any

import typer

from wellfit.cli.options import FailOn, Ignore, Json, Quiet, RunFolder
from wellfit.cli.output import STDOUT, write_json
from wellfit.cli.output import fail_on as leave_on
from wellfit.cli.settings import project
from wellfit.core.errors import BadSetting
from wellfit.verbs.recipe import is_images, is_recipe, recipe_for

INTERRUPTED = 130  # exit status, as a shell gives it
BUDGET = "60s"


def _schema(wanted: bool) -> None:
    if wanted:
        from wellfit.trainer.recipes.schema import recipe_schema

        write_json(recipe_schema(), STDOUT)
        raise typer.Exit


def train(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, Parquet or Excel, compressed or not; a folder of images "
            "with a folder a class, or a zip of one; or a recipe (.yaml).",
            metavar="TABLE|FOLDER|RECIPE",
            show_default=False,
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(
            help="The column to predict.  [default of a folder: class, an image's "
            "folder]",
            show_default=False,
        ),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option(
            help="A table of rows to test on, in place of a part of TABLE.",
            metavar="TABLE",
            show_default=False,
        ),
    ] = None,
    out: RunFolder = None,
    json: Json = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the split and the models.  [default: 0]")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help=f"The time it may take, such as 60s, 20m or 1h.  [default: {BUDGET}]"
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="The most memory it may take, such as 800M or 4G: of a table that "
            "does not fit, a sample.  [default: what is free]"
        ),
    ] = None,
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
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="In place of what the recipe says, such as optimizer.lr=0.1; "
            "repeatable.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            help="Go on with a training by a recipe, from its last or its best "
            "checkpoint: of the run in --out, or the newest of the recipe.",
            metavar="last|best",
        ),
    ] = None,
    show_recipe: Annotated[
        bool,
        typer.Option(
            "--show-recipe",
            help="Print the recipe, with its reasons as comments, and do not train.",
        ),
    ] = False,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema",
            help="Print the JSON schema of recipes, for editors.",
            callback=_schema,
            is_eager=True,
        ),
    ] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Show curves and findings while it trains."),
    ] = False,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    quiet: Quiet = False,
) -> None:
    """Train a model on a table or on images; say how good it is and what is wrong.

    A part of the rows is left untouched for the test. The others train and validate
    in turn: linear models, boosted trees, forests and a small network are held against
    the trivial baseline; the best, or several of them together, is scored once on the
    test part, and saved, within the budget. On images, and by a recipe, the model that
    it names is trained as it says, and gone on with.
    """
    settings = project()
    kinds = _kinds(kind or ())
    by_recipe = is_recipe(table) or is_images(table) or bool(change)
    if seed is None and not is_recipe(table):
        seed = settings.seed
    asked: dict[str, Any] = {
        "target": target,
        "asked": change or (),
        "seed": seed,
        "budget": budget,
        "memory": memory,
        "metric": metric,
        "task": task,
        "time": time,
        "group": group,
        "kinds": kinds,
        "drop": drop,
    }
    if show_recipe:
        sys.stdout.write(recipe_for(table, **asked).to_yaml())
        return
    if not by_recipe:
        asked |= {"seed": seed or 0, "budget": budget or BUDGET, "drop": drop or ()}
        asked |= {"spent": _spent()}
    if test is not None:
        asked |= {"test": test}

    from rich.console import Console

    from wellfit.show.live import live_training, live_view
    from wellfit.show.training import progress_bar, show_training
    from wellfit.verbs.diagnose import diagnose
    from wellfit.verbs.train import train as verb

    console = Console(stderr=True, highlight=False)
    ignored = (*settings.ignore, *(ignore or ()))
    judge = partial(diagnose, ignore=ignored, rules=settings.rules)
    view = live_view(console, judge) if live and not quiet else None
    shown = live_training(view) if view else progress_bar(console, quiet=quiet)
    try:
        with shown as tell:
            trained = verb(
                table,
                **asked,
                out=out,
                runs=settings.out,
                resume=resume,
                ignore=ignored,
                rules=settings.rules,
                on_progress=tell,
            )
    except KeyboardInterrupt:
        how = "; --resume last goes on with it" if by_recipe else ""
        text = f"wellfit: interrupted before a model was trained{how}"
        print(text, file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    if json is not None:
        write_json(trained.to_json(), json)
    if not quiet:
        show_training(trained, Console(stderr=json == STDOUT, highlight=False))
    leave_on(trained.diagnosis.worst, fail_on or settings.fail_on)


def _spent() -> float:
    """Seconds since the process began: Python's own start is part of the budget."""
    import psutil

    return max(0.0, now() - psutil.Process().create_time())


def _kinds(pairs: Sequence[str]) -> dict[str, str]:
    """`["zip=category"]` is `{"zip": "category"}`; a name may have `=` in it."""
    kinds = {}
    for pair in pairs:
        name, equals, kind = pair.rpartition("=")
        if not (name and equals):
            raise BadSetting(f"--kind must be COL=KIND; got {pair!r}")
        kinds[name] = kind
    return kinds
