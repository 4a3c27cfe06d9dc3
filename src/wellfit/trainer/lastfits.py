"""What is kept of the fits: the mean over folds, or a fit to all rows once more."""

from dataclasses import dataclass

from wellfit.models.model import Fit, Round
from wellfit.models.store import Ensemble, Saved, TableModel
from wellfit.trainer.clock import Deadline
from wellfit.trainer.closing import bagged, ending, refitting
from wellfit.trainer.contest import ENSEMBLE, Contest
from wellfit.trainer.folded import Folds
from wellfit.trainer.parts import Parts
from wellfit.trainer.study import Study
from wellfit.trainer.trial import Entry

MORE = 0.4  # of the time that is left is for the last fits, where rows are left over
SIMPLE = ("trivial", "linear")  # one on all rows is as good as the mean of some


@dataclass(frozen=True, kw_only=True, slots=True)
class LastFits:
    """The model that is kept, and what to know of it."""

    model: Saved
    notes: tuple[str, ...] = ()


def last_fits(
    study: Study, contest: Contest, chosen: Entry, *, until: Deadline
) -> LastFits:
    """The model of the chosen entry, or of all that the ensemble is made of.

    Fits on folds are averaged. Fits on a held-out part, or on folds by time, are made
    anew on all rows, those of most weight first, as far as there is time.
    """
    folds = contest.folds
    if folds is None:
        raise ValueError("only a contest that was held has folds")
    weighed = _weighed(contest, chosen, folds, study, until)
    alone = len(weighed) == 1 and chosen.kind in SIMPLE
    if bagged(folds) and not alone:
        return LastFits(model=_averaged(study, folds, weighed))
    members, late = [], []
    merged = None if contest.interrupted else _last_rows(study, folds, weighed, until)
    for entry, _ in weighed:
        fit = None if merged is None else _refit(entry, merged, folds, until)
        if merged is None or fit is None:
            late.append(entry.model)
            last, parts = entry.fits[-1], folds.parts[-1]
            members.append(model_of(study, entry.kind, last, parts))
        else:
            members.append(model_of(study, entry.kind, fit, merged))
    weights = [weight for _, weight in weighed]
    return LastFits(model=_joined(members, weights), notes=_not_refitted(late))


def _last_rows(
    study: Study, folds: Folds, weighed: list[tuple[Entry, float]], until: Deadline
) -> Parts:
    """All rows but the test rows; of a sample, as many more as there is time for."""
    merged = folds.parts[-1].merged()
    rows, there = len(merged.split.train), study.parts.split
    if rows == len(there.train) + len(there.validation):
        return merged
    each = sum(refitting(entry, folds) for entry, _ in weighed) / rows
    possible = int(MORE * until.left / (each + 2 * folds.pace.preparing))
    if possible <= rows:
        return merged
    return study.parts.merged().fewer(possible, folds.seed)


def _weighed(
    contest: Contest, chosen: Entry, folds: Folds, study: Study, until: Deadline
) -> list[tuple[Entry, float]]:
    """The entries and their weights, the weightiest first; as many as can be kept."""
    if chosen.model != ENSEMBLE:
        return [(chosen, 1.0)]
    by_name = {entry.model: entry for entry in contest.entries}
    order = sorted(contest.weights.items(), key=lambda item: -item[1])
    kept: list[tuple[Entry, float]] = []
    spent = 0.0
    for name, weight in order:
        entry = by_name[name]
        spent += ending(entry, folds, study) - (
            0.0 if bagged(folds) else refitting(entry, folds)
        )
        if kept and spent > until.left:
            break
        kept.append((entry, weight))
    total = sum(weight for _, weight in kept)
    return [(entry, weight / total) for entry, weight in kept]


def _averaged(study: Study, folds: Folds, weighed: list[tuple[Entry, float]]) -> Saved:
    """All fits on all folds; those of a fold, which are prepared alike, together."""
    members, weights = [], []
    for place, parts in enumerate(folds.parts):
        for entry, weight in weighed:
            fit = entry.fits[place]
            members.append(model_of(study, entry.kind, fit, parts))
            weights.append(weight / len(folds.parts))
    return _joined(members, weights)


def _joined(members: list[TableModel], weights: list[float]) -> Saved:
    if len(members) == 1:
        return members[0]
    return Ensemble(members=tuple(members), weights=tuple(weights))


def _refit(entry: Entry, merged: Parts, folds: Folds, until: Deadline) -> Fit | None:
    """Fit what validation settled to all rows; None where there is no time."""
    uncut = True

    def on_round(_: Round) -> bool:
        nonlocal uncut
        uncut = not until.passed
        return uncut

    if refitting(entry, folds) > until.left:
        return None
    model = entry.fit.settled
    try:
        fit = model.fit(merged.rows("train", model.view), None, on_round)
    except KeyboardInterrupt:
        return None
    return fit if uncut else None


def _not_refitted(late: list[str]) -> tuple[str, ...]:
    if not late:
        return ()
    verb = "was" if len(late) == 1 else "were"
    why = "it was stopped, or the budget was spent"
    rows = "training and validation rows together"
    return (f"{', '.join(late)} {verb} not refitted on {rows}: {why}",)


def model_of(
    study: Study, kind: str, fit: Fit, parts: Parts, threshold: float | None = None
) -> TableModel:
    """What was fitted to the rows of `parts`, with all that it takes to predict."""
    return TableModel(
        kind=kind,
        task=study.target.task,
        target=study.target.name,
        classes=study.target.classes,
        metric=study.metric.name,
        preparation=parts.preparation,
        fitted=fit.fitted,
        threshold=threshold,
    )
