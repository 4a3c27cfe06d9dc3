"""Runs side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wellfit.core.run import Run
from wellfit.core.signals import parse
from wellfit.verbs.runs import ended, last

# Signals that say how a training went, not what went into it.
RESULTS = {"loss", "accuracy", "balanced_accuracy", "rmse", "mae", "r2", "auc"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One thing about several runs: a value each, None where it is not known."""

    name: str
    values: tuple[Any, ...]


def compare(of: Sequence[Run]) -> tuple[Row, ...]:
    """What the runs were made of, and what they reached: a row for each thing.

    The settings come first, then the best validation loss, then the last value of
    each result that is of the run as a whole. What no run knows has no row.

    >>> runs = [Run.of(loss=[2.0, 1.0]), Run.of(loss=[2.0, 0.5, 0.25])]
    >>> [(row.name, *row.values) for row in compare(runs)]
    [('ended', 'unfinished', 'unfinished'), ('steps', 2, 3), ('train/loss', 1.0, 0.25)]
    """
    asked = {**SETTINGS, **{name: _last(name) for name in _results(of)}}
    rows = (
        Row(name=name, values=tuple(_tried(answer, run) for run in of))
        for name, answer in asked.items()
    )
    return tuple(row for row in rows if any(v is not None for v in row.values))


def _results(of: Sequence[Run]) -> Iterator[str]:
    for full in dict.fromkeys(name for run in of for name in run.signals):
        name = parse(full)
        if name.name in RESULTS and not name.where:
            yield full


def _tried(answer: Callable[[Run], Any], run: Run) -> Any:
    try:
        return answer(run)
    except (KeyError, IndexError, TypeError):  # the fact was not seen, or is null
        return None


def _fact(name: str, field: str) -> Callable[[Run], Any]:
    return lambda run: run.facts[name][field]


def _group(field: str) -> Callable[[Run], Any]:
    return lambda run: run.facts["optimizer"]["groups"][0][field]


def _last(name: str) -> Callable[[Run], float | None]:
    return lambda run: last(run, name)


def _command(run: Run) -> str:
    said = run.facts["command"]
    return " ".join([said["script"], *said["args"]])


def _best_loss(run: Run) -> float | None:
    loss = run.signals["val/loss"].finite()
    return float(loss.values.min()) if len(loss) else None


SETTINGS: Mapping[str, Callable[[Run], Any]] = {
    "command": _command,
    "ended": ended,
    "model": _fact("model", "class"),
    "parameters": _fact("model", "parameters"),
    "objective": _fact("objective", "criterion"),
    "optimizer": _fact("optimizer", "kind"),
    "learning rate": _group("lr"),
    "momentum": _group("momentum"),
    "weight decay": _group("weight_decay"),
    "batch size": _fact("training", "batch_size"),
    "seed": _fact("seeds", "torch"),
    "steps": lambda run: run.last_step + 1,
    "epochs": _fact("training", "epochs"),
    "seconds": _fact("training", "seconds"),
    "best val/loss": _best_loss,
}
