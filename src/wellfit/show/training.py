"""A training on a table in the terminal: a bar while it runs, a summary at its end."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from wellfit.core.choices import MODELS, NETWORKS
from wellfit.show.numerals import count, duration, listed, number
from wellfit.show.terminal import WIDEST, printable, show_diagnosis, shown

if TYPE_CHECKING:
    from wellfit.core.recipe import Recipe
    from wellfit.trainer.contest import OnProgress
    from wellfit.trainer.contest import Progress as Stage
    from wellfit.verbs.train import Trained

MOST_NOTES = 6
LABEL = 9  # columns


@contextmanager
def progress_bar(console: Console, *, quiet: bool = False) -> Iterator["OnProgress"]:
    """A bar that is gone when it is done; none in a pipe, none when quiet."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[round]}", style="dim"),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", round="")

        def tell(stage: "Stage") -> None:
            bar.update(
                task,
                description=f"{stage.stage:<20}",
                completed=stage.place,
                total=stage.of,
                round=_round(stage),
            )

        yield tell


def _round(stage: "Stage") -> str:
    if stage.round is None:
        return ""
    losses = {
        name: number(v) for name, v in stage.round.signals.items() if "loss" in name
    }
    said = [f"{name} {value}" for name, value in losses.items()]
    left = [] if stage.left is None else [f"{duration(stage.left)} left at most"]
    return "  ".join([count(stage.round.step, "step"), *said, *left])


def show_training(trained: "Trained", console: Console) -> None:
    """Print what was learnt from, what was tried, what came of it, what is wrong."""
    console.print()
    console.print(labelled(_about(trained)))
    console.print(_candidates(trained))
    console.print(labelled(_results(trained)))
    show_diagnosis(trained.diagnosis, trained.run, console)
    run = trained.run.path
    if run is not None:
        new = _new(trained)
        text = f"wellfit predict {shown(Path(run))} {new}"
        console.print(text, style="dim", soft_wrap=True)


def _new(trained: "Trained") -> str:
    """What to predict for, as it is typed."""
    if not trained.study.kinds:
        return "package.module:factory --trust"
    return "NEW-IMAGES/" if trained.study.table.target else "NEW.csv"


def labelled(said: Iterable[tuple[str, str]]) -> Table:
    """A label, and beside it what there is to say, wrapped in its own column."""
    lines = Table.grid(padding=(0, 1))
    lines.add_column(style="dim", min_width=LABEL)
    lines.add_column(overflow="fold", max_width=WIDEST - LABEL)
    for label, text in said:
        lines.add_row(label, Text(printable(text)))
    return lines


def _about(trained: "Trained") -> Iterator[tuple[str, str]]:
    study = trained.study
    split = study.parts.split
    kinds = Counter(k for n, k in study.kinds.items() if n != study.target.name)
    columns = ", ".join(_count(n, kind) for kind, n in kinds.most_common())
    rows = count(study.data["rows"], "row")
    yield "table", f"{study.table.name}: {rows}{'; ' if columns else ''}{columns}"
    yield "target", f"{study.target.name}: {_task(trained)}"
    parts = (split.train, split.validation, split.test)
    sizes = zip(("train", "validation", "test"), parts, strict=True)
    told = ", ".join(f"{len(rows):,} {part}" for part, rows in sizes)
    yield "split", f"{split.how}: {told}"
    if trained.recipe is not None:
        yield "recipe", _recipe(trained.recipe, trained.run.path)
    yield from _left_out(study.left_out)
    notes = trained.result.notes
    for place, note in enumerate(notes[:MOST_NOTES]):
        yield "" if place else "noted", note
    if len(notes) > MOST_NOTES:
        yield "", f"and {len(notes) - MOST_NOTES} more notes, in the run"


def _task(trained: "Trained") -> str:
    study = trained.study
    classes = len(study.target.classes)
    what = f"{classes} classes" if classes else "a number"
    return f"{what}; judged by {study.metric.name} ({study.metric.why})"


def _recipe(recipe: "Recipe", run: Path | None) -> str:
    """What it trains, in short, and where all of it stands."""
    said = f"{recipe.model.name}, {recipe.objective.name}, seed {recipe.seed}"
    if recipe.model.name not in MODELS or recipe.model.name in NETWORKS:
        optimizer = recipe.optimizer
        stages = [f", {stage.name}" for stage in recipe.schedule]
        rate = optimizer.lr if optimizer.lr == "auto" else f"{optimizer.lr:g}"
        said += f"; {optimizer.name} at {rate}{''.join(stages)}"
    where = f"; all of it, with reasons: {shown(run / 'recipe.yaml')}" if run else ""
    return said + where


def _left_out(left_out: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    by_reason: dict[str, list[str]] = {}
    for name, why in left_out.items():
        by_reason.setdefault(why, []).append(name)
    for place, (why, names) in enumerate(by_reason.items()):
        yield "" if place else "left out", f"{listed(tuple(names))} ({why})"
    if set(by_reason) - {"as asked"}:
        yield "", "--kind COL=category, number or date takes one in"


def _candidates(trained: "Trained") -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    table.add_column("validation", min_width=LABEL)
    names = list(trained.result.chosen.validation)
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("took", justify="right")
    for entry in trained.contest.entries:
        scores = [number(entry.validation.get(name)) for name in names]
        chosen = entry is trained.result.chosen
        table.add_row(
            entry.model,
            *scores,
            duration(entry.seconds),
            style="bold" if chosen else "",
        )
    return table


def _results(trained: "Trained") -> Iterable[tuple[str, str]]:
    result = trained.result
    if result.test:
        yield "on test", _scores(result.test)
        yield "trivial", f"{_scores(result.trivial)} (the yardstick, on the same rows)"
    yield "model", f"{result.chosen.model}, saved in {shown(result.path)}"


def _scores(scores: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {number(value)}" for name, value in scores.items())


def _count(number: int, kind: str) -> str:
    """`1 date`, `10 numbers`, `2 of text`, `1 constant`.

    >>> [_count(2, kind) for kind in ("category", "number", "text", "constant")]
    ['2 categories', '2 numbers', '2 of text', '2 constant']
    """
    if kind == "text":
        return f"{number} of text"
    if number == 1 or kind in ("boolean", "constant"):
        return f"{number} {kind}"
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return f"{number} {plural}"
