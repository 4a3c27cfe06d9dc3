"""Every candidate fitted within a budget, each recorded in a run folder of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from wellfit.core.errors import MissingExtra
from wellfit.models.model import Round
from wellfit.objectives.metrics import Metric
from wellfit.trainer.candidates import CANDIDATES, candidate, lacking
from wellfit.trainer.clock import Deadline
from wellfit.trainer.parts import Parts
from wellfit.trainer.trial import Entry, run_trial


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Which stage is at work, the `place`-th of `of`; its latest round, if any.

    `left` are the seconds that the stage will take at most, as far as can be told;
    `folder` is where it is recorded.
    """

    stage: str
    place: int = 0
    of: int = len(CANDIDATES) + 2
    round: Round | None = None
    left: float | None = None
    folder: Path | None = None


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """What came of it: the entries in the order of the candidates, and remarks."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    interrupted: bool = False

    @property
    def trivial(self) -> Entry:
        """The yardstick, which is always the first."""
        return self.entries[0]

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


def hold(
    parts: Parts, *, folder: Path, seed: int, until: Deadline, tell: OnProgress
) -> Contest:
    """Fit every candidate that is installed, each with a fair share of the time.

    `MissingExtra` where none but the trivial one is installed. Ctrl-C ends the
    candidate at hand and the contest; those before it count, if there are any beside
    the trivial one. A candidate that runs out of memory is left out.
    """
    notes: list[str] = []
    names = list(_able(notes))
    if len(names) < 2:
        raise MissingExtra("training on a table", extra="tables")
    entries: list[Entry] = []
    for place, name in enumerate(names):
        if until.passed and len(entries) > 1:
            notes.append(f"{name} was not tried: the budget was spent before")
            continue
        now = Progress(stage=f"fitting {name}", place=place + 1, folder=folder / name)
        try:
            tell(now)
            model = candidate(name, classes=len(parts.target.classes), seed=seed)
            entry = run_trial(
                model,
                parts,
                folder=folder / name,
                seed=seed,
                until=until.share(len(names) - place),
                tell=partial(_pass_on, tell, now),
            )
        except MemoryError:
            if not entries:
                raise
            notes.append(f"{name} ran out of memory, and is left out")
            continue
        except KeyboardInterrupt:
            if len(entries) < 2:
                raise
            notes.append(f"interrupted while {name} was fitted, which is left out")
            return Contest(entries=tuple(entries), notes=tuple(notes), interrupted=True)
        entries.append(entry)
        if entry.cut:
            notes.append(f"{name} was ended by the budget; more time may better it")
    return Contest(entries=tuple(entries), notes=tuple(notes))


def _pass_on(tell: OnProgress, now: Progress, done: Round) -> None:
    tell(replace(now, round=done))


def _able(notes: list[str]) -> Iterator[str]:
    for name in CANDIDATES:
        missing = lacking(name)
        if missing:
            what = " and ".join(missing)
            notes.append(
                f"{name} was not tried: {what} not installed; "
                "pip install 'wellfit[tables]'"
            )
        else:
            yield name
