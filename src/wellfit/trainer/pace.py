"""How much can be done in time: rows, folds and rounds, told by a short trial fit."""

import time
from dataclasses import dataclass

from wellfit.models.model import Round
from wellfit.trainer.candidates import candidate, lacking
from wellfit.trainer.parts import Parts

TRIED = 30_000  # rows of the trial fit
LEAST_TRIED = 100  # rows that are prepared to see what the columns take
ROUNDS_TRIED = 8
ROUNDS = 300  # of boosting at a rate of 0.05, as most tables want them
FASTER = 6.0  # at most, than usual: a rate of 0.3
HELD = 0.4  # of the time may go to one fit, where it is the only one of its kind
FOLDED = 0.25  # of the time may go to a model on all folds
PASSES = 3  # rows are prepared about so often: learnt from, fitted to, predicted
FEW = 1000  # rows, up to which there are most folds
MOST_FOLDS, SOME_FOLDS, FEW_FOLDS = 8, 5, 3
FEWEST_ROWS = 5000  # that are trained on, however short the time


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Seconds that it takes to prepare a row, and to boost it by a round.

    However few they are it takes `least`: of very many columns, each takes its time.
    """

    preparing: float
    boosting: float
    least: float = 0.0

    def prepared(self, rows: int) -> float:
        """What it takes to prepare so many rows, once."""
        return self.least + rows * self.preparing

    def boosted(self, rows: int, hurry: float = 1.0) -> float:
        """What it takes to fit a boosted model to rows that are prepared."""
        return rows * self.boosting * ROUNDS / hurry

    def seconds(self, rows: int, hurry: float = 1.0) -> float:
        """All that a fit takes, from raw rows to the test rows' predictions."""
        return PASSES * self.prepared(rows) + self.boosted(rows, hurry)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """So many folds (1: a held-out part); in such a hurry; of so many rows at most."""

    folds: int
    hurry: float = 1.0
    rows: int | None = None


UNKNOWN = Pace(preparing=1e-5, boosting=1e-6)  # without LightGBM to measure by


def plan(pace: Pace, rows: int, left: float) -> Plan:
    """What can be done with so many rows in the seconds that are left.

    Folds, where a boosted model has the time on all of them; else a held-out part; then
    in a hurry; then fewer rows.

    >>> quick = Pace(preparing=1e-6, boosting=1e-7)
    >>> plan(quick, 500, 40.0).folds, plan(quick, 50_000, 40.0).folds
    (8, 5)
    >>> plan(quick, 1_000_000, 60.0)
    Plan(folds=1, hurry=2.0, rows=None)
    >>> plan(quick, 1_000_000, 2.0)
    Plan(folds=1, hurry=6.0, rows=100000)
    """
    most = MOST_FOLDS if rows <= FEW else SOME_FOLDS
    for folds in (most, FEW_FOLDS):
        if folds * pace.seconds(rows) <= FOLDED * left:
            return Plan(folds=folds)
    for hurry in (1.0, 2.0, 4.0, FASTER):
        if pace.boosted(rows, hurry) <= HELD * left - PASSES * pace.prepared(rows):
            return Plan(folds=1, hurry=hurry)
    each = PASSES * pace.preparing + pace.boosted(1, FASTER)
    possible = int((HELD * left - PASSES * pace.least) / each)
    fewer = max(FEWEST_ROWS, possible)
    return Plan(folds=1, hurry=FASTER, rows=fewer if fewer < rows else None)


def measured(parts: Parts, seed: int) -> Pace:
    """The pace on this machine, by a few rounds on some of the training rows."""
    if lacking("lightgbm"):
        return UNKNOWN
    some = parts.fewer(TRIED, seed)
    model = candidate("lightgbm", classes=len(parts.target.classes), seed=seed)
    prepared = _preparing(some)
    rows = some.rows("train", model.view)
    few = len(rows) <= FEW
    least = prepared if few else _preparing(parts.fewer(LEAST_TRIED, seed))
    rounds: list[float] = []

    def on_round(done: Round) -> bool:
        rounds.append(time.perf_counter())
        return done.step < ROUNDS_TRIED

    try:
        model.fit(rows, None, on_round)  # before its first round it sorts into bins
    except Exception:  # the contest tells of it, where it is a candidate
        return UNKNOWN
    boosted = (rounds[-1] - rounds[0]) / max(len(rounds) - 1, 1)
    return Pace(
        preparing=max(0.0, prepared - least) / len(rows),
        least=least,
        boosting=boosted / len(rows),
    )


def _preparing(parts: Parts) -> float:
    """The seconds that it takes to prepare the training rows."""
    begun = time.perf_counter()
    parts.rows("train", "coded")
    return time.perf_counter() - begun
