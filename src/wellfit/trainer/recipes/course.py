"""A training by a recipe: fitted, recorded, saved, and scored once on the test rows."""

from dataclasses import replace
from pathlib import Path

from wellfit.objectives.metrics import scores
from wellfit.objectives.thresholds import tuned
from wellfit.trainer.attempts import attempts_at, begin, say_again
from wellfit.trainer.clock import Deadline, seconds_of
from wellfit.trainer.contest import Contest
from wellfit.trainer.final import Result, keep
from wellfit.trainer.lastfits import model_of
from wellfit.trainer.recipes.folds import last_of, settled
from wellfit.trainer.recipes.work import (
    NEVER,
    UNUSED,
    Work,
    candidate_of,
    fit_of,
    is_network,
    kind_of,
    network_of,
)
from wellfit.trainer.trial import Entry

UNEMPLOYED = (
    "loop.workers is not used: batches of a table or of images are cut by index, and "
    "need none; it is for a Dataset of your own"
)


def train_by(work: Work) -> tuple[Contest, Result]:
    """Fit the recipe's model beside the yardstick; save it and score it."""
    trials = work.recorder.folder / "trials"
    trivial = fit_of(
        work,
        candidate_of(work, "trivial"),
        begin("trivial", trials, 0),
        work.study.parts,
    )
    if work.recipe.loop.workers and work.ready.own is None:
        work.note(UNEMPLOYED)
    if work.ready.folds:
        return _by_folds(work, trivial, trials)
    if not is_network(work.recipe):
        return _concluded(work, trivial, trials)
    ready, rows = work.ready, work.recorder.folder / "rows"
    with ready.to_train(ready.split, ready.parts, rows) as parts:
        study = replace(work.study, parts=parts)
        return _concluded(replace(work, study=study), trivial, trials)


def _concluded(work: Work, trivial: Entry, trials: Path) -> tuple[Contest, Result]:
    entry = trivial
    if work.recipe.model.name != "trivial":
        entry = _chosen(work, trials)
    threshold = _threshold(work, entry)
    entry = _judged(work, entry, threshold)
    entries = (trivial, entry) if entry.model != "trivial" else (entry,)
    return _kept(work, entries, entry, threshold, trials)


def _kept(
    work: Work,
    entries: tuple[Entry, ...],
    entry: Entry,
    threshold: float | None,
    trials: Path,
) -> tuple[Contest, Result]:
    contest = Contest(entries=entries, notes=())
    parts = work.study.parts
    model = model_of(work.study, entry.model, entry.fit, parts, threshold)
    steps = _say_again(work, entry, trials)
    result = keep(
        work.study,
        contest,
        entry,
        model,
        work.recorder,
        steps=steps,
        remarks=work.notes,
    )
    return contest, result


def _chosen(work: Work, trials: Path) -> Entry:
    """The recipe's model, fitted: a network by the engine, others as in a contest."""
    recipe = work.recipe
    if is_network(recipe):
        attempt = begin(kind_of(recipe), trials, work.start)
        try:
            return fit_of(work, network_of(work), attempt, work.study.parts)
        except BaseException:
            say_again(attempts_at(kind_of(recipe), trials), work.recorder)
            raise
    work.note(f"{recipe.model.name} {UNUSED}")
    budget = recipe.loop.budget
    until = Deadline.after(seconds_of(budget)) if budget is not None else NEVER
    made = candidate_of(work, recipe.model.name)
    attempt = begin(recipe.model.name, trials, 0)
    return fit_of(work, made, attempt, work.study.parts, until)


def _by_folds(work: Work, trivial: Entry, trials: Path) -> tuple[Contest, Result]:
    """Train each fold, and then the model that is kept, on all of their rows."""
    found = settled(work, trials)
    work.recorder.fact("folds", found.to_json())
    work.note(found.sentence(work.study.metric.name))
    with last_of(work, found, trials) as (study, entry):
        judged = replace(entry, validation=found.scores())
        now = replace(work, study=study)
        return _kept(now, (trivial, judged), judged, found.threshold, trials)


def _threshold(work: Work, entry: Entry) -> float | None:
    """What the recipe says; where it is to be tuned, the validation rows do."""
    asked = work.recipe.objective.threshold
    if asked is None or len(work.study.target.classes) != 2:
        return None
    if asked != "tuned":
        return asked
    rows = work.study.parts.rows("validation", entry.fit.settled.view)
    found = tuned(entry.fit.fitted.predict(rows.x), rows.y, work.study.metric)
    label = work.study.target.classes[1]
    work.note(f"{label} is predicted from a probability of {found:.3g} on: tuned")
    return found


def _judged(work: Work, entry: Entry, threshold: float | None) -> Entry:
    """The entry, its validation scores by the threshold."""
    if threshold is None:
        return entry
    rows = work.study.parts.rows("validation", entry.fit.settled.view)
    guess = entry.fit.fitted.predict(rows.x)
    task = work.study.target.task
    return replace(entry, validation=scores(task, guess, rows.y, threshold))


def _say_again(work: Work, entry: Entry, trials: Path) -> int:
    """The run of the whole training, of all attempts; its number of steps."""
    attempts = attempts_at(entry.model, trials)
    return say_again(attempts, work.recorder, unit=entry.unit)
