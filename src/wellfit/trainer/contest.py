"""Every candidate judged by the same rows, within a budget; then all of them together.

Each is recorded in a run folder of its own.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from wellfit.core.errors import BadTable
from wellfit.data.folds import folds_of
from wellfit.models.model import Round, loss_of
from wellfit.objectives.metrics import Metric, scores
from wellfit.trainer.candidates import CANDIDATES, Candidate, drawn, lacking
from wellfit.trainer.clock import Deadline
from wellfit.trainer.closing import closing
from wellfit.trainer.folded import Asked, Folds, judge
from wellfit.trainer.greedy import honestly, select
from wellfit.trainer.pace import Plan, measured, plan
from wellfit.trainer.parts import Parts
from wellfit.trainer.study import Study
from wellfit.trainer.trial import Entry

FIRST = 2  # the yardstick and the simplest are always fitted
MOST_DRAWN = 24  # boosters of random settings: more are chosen among by luck
MOST_PASSED = 20  # of them, that would take too long: others may not
LAST = 0.8  # of the time that is left may go to one of them: nothing comes after
WORSE = 1.1  # times the best loss of the first fold: such a draw is given up after it
ENSEMBLE = "ensemble"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Which stage is at work, the `place`-th of `of`; its latest round, if any.

    `left` are the seconds that the stage will take at most, as far as can be told;
    `folder` is where it is recorded.
    """

    stage: str
    place: int = 0
    of: int = len(CANDIDATES) + 3
    round: Round | None = None
    left: float | None = None
    folder: Path | None = None


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """What came of it: the entries in the order they were tried in, and remarks.

    `weights` is how much each entry counts in the ensemble, which is the last entry
    where there is one; `folds` are the rows that all were judged by.
    """

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    interrupted: bool = False
    folds: Folds | None = None
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def trivial(self) -> Entry:
        """The yardstick, which is always the first."""
        return self.entries[0]

    @property
    def single(self) -> "Contest":
        """The same without the ensemble."""
        alone = tuple(e for e in self.entries if e.model != ENSEMBLE)
        return replace(self, entries=alone)

    def get(self, model: str) -> Entry | None:
        """The entry of that model, if it was fitted."""
        return next((e for e in self.entries if e.model == model), None)

    def best(self, metric: Metric) -> Entry:
        """The entry with the best validation score; of equals the simplest."""
        best = self.entries[0]
        for entry in self.entries[1:]:
            if metric.better(
                entry.validation[metric.name], best.validation[metric.name]
            ):
                best = entry
        return best


@dataclass(kw_only=True, slots=True)
class _Ring:
    """A contest while it is held."""

    study: Study
    folds: Folds
    hurry: float
    folder: Path
    until: Deadline
    tell: OnProgress
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    at: str = ""

    @property
    def room(self) -> float:
        """Seconds for fits: what is left, without what the end will take."""
        return self.until.left - closing(self.entries, self.folds, self.study)

    def usual(self) -> float | None:
        """The seconds of the first boosted model, which others are told by."""
        first = next((e for e in self.entries if e.model == "lightgbm"), None)
        return None if first is None else first.seconds + first.judging

    def time_for(self, candidate: Candidate) -> float | None:
        """The seconds that it may take; None where it would not end in them."""
        most, usual = candidate.share * self.room, self.usual()
        if most <= candidate.starting:
            return None
        if usual is not None and candidate.cost is not None:
            return most if candidate.cost * usual <= most else None
        return most

    def enter(self, name: str, made: Candidate, now: Progress, bound: float) -> bool:
        """Fit and judge it; whether there was time. What fails is told and left out."""
        seconds = self.time_for(made)
        if len(self.entries) >= FIRST and seconds is None:
            return False
        self.at = name
        self.tell(now)
        classes, seed = len(self.study.target.classes), self.folds.seed
        asked = Asked(
            name=name,
            folder=self.folder / name,
            until=Deadline.after(seconds or 0.0),
            tell=partial(_pass_on, self.tell, now),
            bound=bound,
        )
        try:
            model = made.model(classes=classes, seed=seed, hurry=self.hurry)
            entry = judge(model, self.folds, asked)
        except Exception as error:  # each library has its own way to fail
            if not self.entries:
                raise
            self.notes.append(f"{name} {_said(error)}")
            return True
        if entry is not None:
            self.entries.append(entry)
            if entry.cut:
                text = f"{name} was ended by the budget; more time may better it"
                self.notes.append(text)
        return True


def hold(
    study: Study, *, folder: Path, seed: int, until: Deadline, tell: OnProgress
) -> Contest:
    """Fit the candidates that there is time for, the most promising first.

    Then boosters of random settings, while there is time; at last they are weighed
    against each other. Ctrl-C ends the candidate at hand and the contest; those before
    it count, if there are any beside the trivial one.
    """
    notes: list[str] = []
    names = list(_able(notes))
    tell(Progress(stage="measuring the pace"))
    folds, hurry = _folds(study, seed, until, notes)
    ring = _Ring(
        study=study,
        folds=folds,
        hurry=hurry,
        folder=folder,
        until=until,
        tell=tell,
        notes=notes,
    )
    interrupted = False
    try:
        _try_all(ring, names)
        _search(ring, seed)
    except KeyboardInterrupt:
        if len(ring.entries) < FIRST:
            raise
        notes.append(f"interrupted while {ring.at} was fitted, which is left out")
        interrupted = True
    return _together(ring, interrupted=interrupted)


def _try_all(ring: _Ring, names: list[str]) -> None:
    for place, name in enumerate(names):
        path = ring.folder / name
        now = Progress(stage=f"fitting {name}", place=place + 1, folder=path)
        if not ring.enter(name, CANDIDATES[name], now, np.inf):
            ring.late.append(name)
    if ring.late:
        listed = ", ".join(ring.late)
        ring.notes.append(f"not tried, for want of time: {listed}")


def _search(ring: _Ring, seed: int) -> None:
    """Boosters of random settings, those that do badly on the first fold given up."""
    if ring.usual() is None:
        return
    tried = passed = 0
    for name, made in drawn(seed):
        if tried == MOST_DRAWN or passed == MOST_PASSED:
            break
        now = Progress(stage=f"trying {name}", place=len(CANDIDATES) + 1)
        fits = ring.enter(name, replace(made, share=LAST), now, _bound(ring))
        tried, passed = tried + fits, passed + (not fits)
    if tried:
        ring.notes.append(f"{tried} boosters of random settings were tried as well")


def _bound(ring: _Ring) -> float:
    y = ring.folds.parts[0]
    rows = y.target.y[y.split.validation]
    least = min(loss_of(entry.guess[: len(rows)], rows) for entry in ring.entries)
    return WORSE * least


def _together(ring: _Ring, *, interrupted: bool) -> Contest:
    """All of them weighed against each other: the ensemble is an entry of its own."""
    contest = Contest(
        entries=tuple(ring.entries),
        notes=tuple(ring.notes),
        interrupted=interrupted,
        folds=ring.folds,
    )
    if len(ring.entries) <= FIRST:
        return contest
    begun = time.monotonic()
    guesses, y = [entry.guess for entry in ring.entries], ring.folds.y
    weights = select(guesses, y, ring.folds.seed)
    if np.count_nonzero(weights) < 2:
        return contest
    guess = honestly(guesses, y, ring.folds.seed)
    best = contest.best(ring.study.metric)
    entry = replace(
        best,
        model=ENSEMBLE,
        kind=ENSEMBLE,
        validation=scores(ring.study.target.task, guess, y),
        seconds=time.monotonic() - begun,
        cut=False,
        guess=guess,
    )
    names = [one.model for one in ring.entries]
    found = dict(zip(names, weights.tolist(), strict=True))
    return replace(
        contest,
        entries=(*contest.entries, entry),
        weights={name: weight for name, weight in found.items() if weight > 0},
    )


def _folds(
    study: Study, seed: int, until: Deadline, notes: list[str]
) -> tuple[Folds, float]:
    """The rows that all are fitted to and judged by, as there is time for."""
    rows = len(study.parts.split.train) + len(study.parts.split.validation)
    pace = measured(study.parts, seed)
    found = plan(pace, rows, until.left)
    parts = study.parts
    if found.folds > 1:
        made = _made(study, found, seed)
        if made is not None:
            return Folds(parts=made, seed=seed, pace=pace), found.hurry
    if found.rows is not None:
        parts = parts.fewer(found.rows, seed, judged=found.rows // 2)
        notes.append(
            f"fitted to {len(parts.split.train):,} of {rows:,} rows, drawn by the "
            "seed: there is no time for all of them"
        )
    return Folds(parts=(parts,), seed=seed, pace=pace), found.hurry


def _made(study: Study, found: Plan, seed: int) -> tuple[Parts, ...] | None:
    """The folds; None where the rows do not give so many that can be learnt from."""
    try:
        splits = folds_of(
            study.parts.split, found.folds, by=study.by, keys=study.keys, seed=seed
        )
    except BadTable:
        return None
    y = study.target.y
    if any(len(np.unique(y[split.train])) < 2 for split in splits):
        return None
    return tuple(study.parts.of_split(split) for split in splits)


def _pass_on(tell: OnProgress, now: Progress, done: Round) -> None:
    tell(replace(now, round=done))


def _said(error: Exception) -> str:
    """Why a candidate is left out, in a line."""
    if isinstance(error, MemoryError):
        return "ran out of memory, and is left out"
    first = (str(error).strip().splitlines() or [""])[0][:120]
    kind = type(error).__name__
    return f"failed, and is left out: {kind}{': ' if first else ''}{first}"


def _able(notes: list[str]) -> Iterator[str]:
    for name, made in CANDIDATES.items():
        missing = lacking(name)
        if missing:
            what = " and ".join(missing)
            notes.append(
                f"{name} was not tried: {what} not installed; "
                f"pip install 'wellfit[{made.extra}]'"
            )
        else:
            yield name
