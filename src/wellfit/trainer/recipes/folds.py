"""A training by folds: each fold judges what the others train, and all train the last.

The model that is kept is trained on all rows of the folds, as long as the folds found
best: one model, of the form and cost of any other. An average of the folds' weights
would be of networks that began elsewhere, and of their outputs as many models.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median, pstdev
from typing import Any

import numpy as np

from wellfit.data.split import Split
from wellfit.objectives.metrics import scores
from wellfit.objectives.thresholds import tuned
from wellfit.trainer.attempts import Attempt, begin
from wellfit.trainer.checkpoint import checkpoints_in, step_of
from wellfit.trainer.keeper import newest
from wellfit.trainer.parts import Parts
from wellfit.trainer.recipes.ready import Ready
from wellfit.trainer.recipes.work import Work, fit_of, kind_of, network_of
from wellfit.trainer.study import Study
from wellfit.trainer.trial import Entry

FILE = "fold.json"
LAST = "last"  # the training on all rows of the folds


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """What a fold told: the best epoch, the threshold, and the scores by these."""

    name: str
    epochs: int
    threshold: float | None
    validation: Mapping[str, float]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The fold, as the fact has it."""
        return {
            "name": self.name,
            "epochs": self.epochs,
            "threshold": self.threshold,
            "validation": dict(self.validation),
            "seconds": self.seconds,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What folds settled together, and how each of them did."""

    epochs: int
    threshold: float | None
    folds: tuple[Fold, ...]

    @classmethod
    def by(cls, folds: Sequence[Fold]) -> "Settled":
        """The median of the epochs, and of the thresholds where they have one."""
        found = [fold.threshold for fold in folds if fold.threshold is not None]
        return cls(
            epochs=max(1, round(median(fold.epochs for fold in folds))),
            threshold=median(found) if found else None,
            folds=tuple(folds),
        )

    def scores(self) -> dict[str, float]:
        """The mean of each score over the folds."""
        names = self.folds[0].validation
        return {n: mean(fold.validation[n] for fold in self.folds) for n in names}

    def to_json(self) -> dict[str, Any]:
        """The fact `folds`."""
        deviation = {
            n: pstdev(fold.validation[n] for fold in self.folds)
            for n in self.folds[0].validation
        }
        return {
            "number": len(self.folds),
            "epochs": self.epochs,
            "threshold": self.threshold,
            "mean": self.scores(),
            "deviation": deviation,
            "folds": [fold.to_json() for fold in self.folds],
        }

    def sentence(self, metric: str) -> str:
        """How the folds did, for a reader."""
        each = [fold.validation[metric] for fold in self.folds]
        said = ", ".join(f"{value:.4g}" for value in each)
        epochs = f"{self.epochs:,} epoch{'' if self.epochs == 1 else 's'}"
        return (
            f"{len(each)} folds: {metric} {mean(each):.4g} ± {pstdev(each):.2g} "
            f"({said}); the model is trained on all of their rows for {epochs}, the "
            "median of theirs"
        )


def finished(folder: Path) -> Fold | None:
    """What a fold that was done before has told; None where it was not."""
    file = folder / FILE
    if not file.is_file():
        return None
    return Fold(**json.loads(file.read_text(encoding="utf-8")))


def _write(fold: Fold, folder: Path) -> None:
    """Write it whole, or not at all."""
    aside = folder / f".{FILE}"
    aside.write_text(json.dumps(fold.to_json()) + "\n", encoding="utf-8")
    aside.replace(folder / FILE)


def trainings(ready: Ready) -> int:
    """How many there are, of all folds and the last."""
    return sum(len(inner) + 1 for _, inner in ready.folds) + 1


def settled(work: Work, trials: Path) -> Settled:
    """Train every fold; one that was done before the training was resumed stands."""
    found, share = [], trainings(work.ready)
    for number, (split, inner) in enumerate(work.ready.folds, start=1):
        name = f"fold-{number}"
        within = None
        if inner:
            each = [
                _fold(work, one, f"{name}-{place}", trials, share=share)
                for place, one in enumerate(inner, start=1)
            ]
            within = Settled.by(each)
        found.append(_fold(work, split, name, trials, share=share, within=within))
    return Settled.by(found)


def _fold(
    work: Work,
    split: Split,
    name: str,
    trials: Path,
    *,
    share: int,
    within: Settled | None = None,
) -> Fold:
    """Train on a fold, and be judged by it.

    Epochs and threshold are chosen by its validation rows, or were so `within` its
    training rows.
    """
    before = finished(trials / name)
    if before is not None:
        return before
    ready, run = work.ready, work.recorder.folder
    epochs: list[int] = []
    network = replace(
        network_of(
            work,
            name,
            stop_after=None if within is None else within.epochs,
            share=share,
        ),
        on_end=lambda trained: epochs.append(trained.best_epoch),
    )
    with ready.to_train(split, ready.parts_of(split), run / "rows") as parts:
        attempt = Attempt(folder=trials / name)
        shutil.rmtree(attempt.folder, ignore_errors=True)  # it was interrupted
        entry = fit_of(work, network, attempt, parts, what=name)
        fold = _judged(work, entry, parts, name, epochs[-1], within)
    _write(fold, attempt.folder)
    shutil.rmtree(run / "checkpoints" / name, ignore_errors=True)  # it is done
    return fold


def _judged(
    work: Work,
    entry: Entry,
    parts: Parts,
    name: str,
    epochs: int,
    within: Settled | None,
) -> Fold:
    rows = parts.rows("validation", entry.fit.settled.view)
    guess = entry.fit.fitted.predict(rows.x)
    target, asked = work.study.target, work.recipe.objective.threshold
    threshold = asked if isinstance(asked, float) else None
    if asked == "tuned" and len(target.classes) == 2:
        chosen = within.threshold if within else None
        threshold = chosen or tuned(guess, rows.y, work.study.metric)
    return Fold(
        name=name,
        epochs=epochs,
        threshold=threshold,
        validation=scores(target.task, guess, rows.y, threshold),
        seconds=entry.seconds,
    )


@contextmanager
def last_of(work: Work, found: Settled, trials: Path) -> Iterator[tuple[Study, Entry]]:
    """The last training, on all rows of the folds, for as many epochs as they settled.

    It is within this that its rows are there.
    """
    ready, whole = work.ready, work.ready.split
    both = np.sort(np.concatenate([whole.train, whole.validation]))
    split = replace(whole, train=both, validation=np.array([], dtype=np.int64))
    kind, run = kind_of(work.recipe), work.recorder.folder
    network = network_of(work, LAST, stop_after=found.epochs, share=trainings(ready))
    begun = any(checkpoints_in(run / "checkpoints" / LAST))
    kept = network.checkpoints
    start = step_of(newest(kept).path) if begun and kept is not None else 0
    with ready.to_train(split, ready.parts_of(split), run / "rows") as parts:
        attempt = begin(kind, trials, start)
        entry = fit_of(work, network, attempt, parts, what="on all folds")
        yield replace(work.study, parts=parts), entry
