"""A candidate on every fold: each row judged by a fit that has not seen it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.models.model import Fit, Model, Round, Rows, Scores, loss_of
from wellfit.objectives.metrics import scores
from wellfit.trainer.clock import Deadline
from wellfit.trainer.pace import UNKNOWN, Pace
from wellfit.trainer.parts import Parts
from wellfit.trainer.trial import Entry, run_trial

# Boosters let other threads work while they do, on few values in one thread.
SIDE_BY_SIDE = ("lightgbm", "xgboost")
AT_ONCE = 2
SMALL = 1_000_000  # values: above, a fit has threads of its own
# Values of training rows, for each second that there is for a fit. Linear models and
# networks look at every row again and again, and a forest grows whole trees, of which
# some dozens are to end in time; of very many rows, more tell them no more. Boosters
# are ended after any round.
VALUES = {"linear": 100_000, "mlp": 200_000, "forest": 100_000}
FEWEST = 2000  # rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Folds:
    """The rows of each fold, prepared by what trains in it; one: a held-out part.

    `pace` is what was measured on this machine.
    """

    parts: tuple[Parts, ...]
    seed: int
    pace: Pace = UNKNOWN

    @property
    def y(self) -> NDArray[Any]:
        """What the judged rows are, fold by fold."""
        y = self.parts[0].target.y
        return np.concatenate([y[parts.split.validation] for parts in self.parts])

    @property
    def trained(self) -> int:
        """The rows that train in the first fold."""
        return len(self.parts[0].split.train)

    def for_model(self, model: Model, left: float) -> tuple[Parts, ...]:
        """The rows that it is fitted to in that time, and judged by: all of those."""
        if model.name not in VALUES or self.trained <= FEWEST:
            return self.parts
        first = self.parts[0]
        width = first.preparation.apply(first.frame.head(1), model.view).x.shape[1]
        classes = max(1, model.classes // 2) if model.view == "dense" else 1
        seconds = left / len(self.parts)
        possible = int(VALUES[model.name] * seconds / width / classes)
        rows = max(possible, FEWEST)
        if self.trained <= rows:
            return self.parts
        return tuple(parts.fewer(rows, self.seed) for parts in self.parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Where a candidate is recorded, until when it is fitted, whom it tells.

    It is given up where its loss on the first fold is above `bound`.
    """

    name: str
    folder: Path
    until: Deadline
    tell: Callable[[Round], None]
    bound: float = np.inf


def judge(model: Model, folds: Folds, asked: Asked) -> Entry | None:
    """Fit it on every fold; None where it is given up after the first."""
    rows = folds.for_model(model, asked.until.left)
    first = run_trial(
        model,
        rows[0],
        folder=asked.folder,
        seed=folds.seed,
        until=asked.until.share(len(rows)),
        tell=asked.tell,
        name=asked.name,
    )
    if len(rows) == 1:
        return first
    if loss_of(first.guess, _judged(rows[0])) > asked.bound:
        return None
    begun = time.monotonic()
    rest = _side_by_side(model, rows[1:], asked)
    took = time.monotonic() - begun
    guess = np.concatenate([first.guess, *(one.guess for one in rest)])
    return replace(
        first,
        validation=scores(rows[0].target.task, guess, folds.y),
        seconds=first.seconds + took,
        judging=min([first.judging, *(one.judging for one in rest)]) * len(rows),
        cut=first.cut or any(one.cut for one in rest),
        guess=guess,
        others=tuple(one.fit for one in rest),
    )


def _judged(parts: Parts) -> NDArray[Any]:
    return parts.target.y[parts.split.validation]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fold:
    """What came of a fold that is not recorded."""

    fit: Fit
    guess: Scores
    judging: float
    cut: bool


def _side_by_side(model: Model, rows: Sequence[Parts], asked: Asked) -> list[_Fold]:
    """The other folds: those of boosters two at a time, on a core each."""
    for parts in rows:  # before the threads: what is made once is made by one
        _ready(parts, model)
    values = rows[0].rows("train", model.view).x.size
    at_once = AT_ONCE if model.name in SIDE_BY_SIDE and values <= SMALL else 1
    ended = Event()
    if at_once == 1:
        return [
            _fold(model, parts, asked.until.share(len(rows) - k), ended)
            for k, parts in enumerate(rows)
        ]
    rounds = -(-len(rows) // at_once)
    with ThreadPoolExecutor(at_once) as pool:
        work = [
            pool.submit(_fold, model, parts, asked.until, ended, rounds - k // at_once)
            for k, parts in enumerate(rows)
        ]
        try:
            return [one.result() for one in work]
        except BaseException:  # Ctrl-C too: the other threads end after their round
            ended.set()
            raise


def _ready(parts: Parts, model: Model) -> tuple[Rows, Rows]:
    return parts.rows("train", model.view), parts.rows("validation", model.view)


def _fold(
    model: Model, parts: Parts, until: Deadline, ended: Event, share: int = 1
) -> _Fold:
    """One fold, until its share of what is left is spent."""
    until, cut = until.share(share), False
    train, validation = _ready(parts, model)

    def on_round(_: Round) -> bool:
        nonlocal cut
        cut = until.passed or ended.is_set()
        return not cut

    fit = model.fit(train, validation, on_round)
    begun = time.monotonic()
    guess = fit.fitted.predict(validation.x)
    return _Fold(fit=fit, guess=guess, judging=time.monotonic() - begun, cut=cut)
