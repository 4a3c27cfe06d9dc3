"""What the end of a training will take: refits, the test rows, saving; in seconds."""

from collections.abc import Sequence

from wellfit.trainer.folded import Folds
from wellfit.trainer.study import Study
from wellfit.trainer.trial import Entry

AT_LEAST = 0.3  # to weigh, to save and to diagnose the smallest
KEPT = 4  # entries that an ensemble usually keeps much weight on
MARGIN = 1.25  # times what was measured: other work of the machine comes and goes
SAVED = 0.05  # of each fit
FOREST, LARGEST = 1e-4, 0.5  # more for a forest: by trained rows, and at most


def closing(entries: Sequence[Entry], folds: Folds, study: Study) -> float:
    """The seconds to reserve, as far as what was fitted so far tells."""
    each = sorted((ending(entry, folds, study) for entry in entries), reverse=True)
    return AT_LEAST + MARGIN * (sum(each[:KEPT]) + _prepared(folds, study))


def _prepared(folds: Folds, study: Study) -> float:
    """To prepare the test rows for every fold, and all others for the refits."""
    tested = folds.pace.prepared(len(study.parts.split.test))
    if bagged(folds):
        return len(folds.parts) * tested
    split = folds.parts[-1].split
    return 2 * folds.pace.prepared(len(split.train) + len(split.validation)) + tested


def ending(entry: Entry, folds: Folds, study: Study) -> float:
    """What it takes to refit an entry, to score it on the test rows, and to save it."""
    fits = len(entry.fits) if bagged(folds) else 1
    again = 0.0 if bagged(folds) else refitting(entry, folds)
    judged = max(len(entry.guess), 1)
    tested = entry.judging / judged * len(study.parts.split.test) * fits
    return again + tested + fits * (SAVED + _grown(entry, folds))


def _grown(entry: Entry, folds: Folds) -> float:
    """How much longer it takes to save a forest, which is larger than other models."""
    return min(LARGEST, FOREST * folds.trained) if entry.kind == "forest" else 0.0


def refitting(entry: Entry, folds: Folds) -> float:
    """What a fit to all rows but the test rows takes, told by those on the folds."""
    split = folds.parts[-1].split
    rows = len(split.train) + len(split.validation)
    return entry.seconds / len(entry.fits) * rows / max(len(split.train), 1)


def bagged(folds: Folds) -> bool:
    """Whether the fits on the folds are kept, and averaged.

    Not where the folds follow each other in time: only the last has seen nearly all.
    """
    return len(folds.parts) > 1 and folds.parts[0].clock is None
