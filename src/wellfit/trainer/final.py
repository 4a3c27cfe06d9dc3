"""The best of a contest: made of the most rows, scored once on the test rows, saved."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wellfit.models.store import Saved, TableModel, save
from wellfit.objectives.metrics import Metric, scores
from wellfit.record import Recorder
from wellfit.trainer.attempts import Attempt, say_again
from wellfit.trainer.candidates import CANDIDATES
from wellfit.trainer.clock import Deadline
from wellfit.trainer.contest import ENSEMBLE, Contest, OnProgress, Progress
from wellfit.trainer.lastfits import last_fits
from wellfit.trainer.parts import Parts
from wellfit.trainer.study import Study
from wellfit.trainer.trial import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The model that is kept, where it is saved, and what it is worth.

    `test` and `trivial` are the scores of the model and of the yardstick on the test
    rows; `notes` is all that a reader of them should know.
    """

    model: Saved
    path: Path
    chosen: Entry
    test: Mapping[str, float]
    trivial: Mapping[str, float]
    notes: tuple[str, ...]


def conclude(
    study: Study,
    contest: Contest,
    recorder: Recorder,
    *,
    until: Deadline,
    tell: OnProgress,
) -> Result:
    """Choose, refit or average, score, save; the recorder's run becomes the best one's.

    Of an ensemble that is the run of the best single entry.
    """
    chosen = contest.best(study.metric)
    best = contest.single.best(study.metric)
    steps = say_again([Attempt(folder=best.folder)], recorder, unit=best.unit)
    tell(Progress(stage=f"finishing {chosen.model}", place=len(CANDIDATES) + 2))
    made = last_fits(study, contest, chosen, until=until)
    remarks = [*_remarks(chosen, study.metric), *made.notes]
    return keep(
        study, contest, chosen, made.model, recorder, steps=steps, remarks=remarks
    )


def keep(
    study: Study,
    contest: Contest,
    chosen: Entry,
    model: Saved,
    recorder: Recorder,
    *,
    steps: int,
    remarks: Sequence[str],
) -> Result:
    """Save the model that was chosen, and score it once on the test rows."""
    said = {"metric": study.metric.name, "chosen": chosen.model}
    weights = {"weights": dict(contest.weights)} if chosen.model == ENSEMBLE else {}
    recorder.fact("selection", said | weights)
    path = recorder.folder / "model"
    save(model, path)
    test = _score_test(study.parts, model)
    trivial = _score_yardstick(study.parts, contest.trivial)
    for name, value in test.items():
        recorder.value(f"test/{name}", steps, value)
    return Result(
        model=model,
        path=path,
        chosen=chosen,
        test=test,
        trivial=trivial,
        notes=(
            *study.notes,
            *contest.notes,
            *remarks,
            *_warned(study.metric, chosen, test, trivial),
        ),
    )


def _score_test(parts: Parts, model: Saved) -> dict[str, float]:
    rows = parts.split.test
    if not len(rows):
        return {}
    if parts.mapped and isinstance(model, TableModel):
        guess = model.fitted.predict(parts.rows("test", "dense").x)
    else:
        guess = model.scores(parts.frame.iloc[rows], parts.decoded)
    return scores(model.task, guess, parts.target.y[rows], model.threshold)


def _score_yardstick(parts: Parts, trivial: Entry) -> dict[str, float]:
    """It looks at no column."""
    y = parts.target.y[parts.split.test]
    if not len(y):
        return {}
    guess = trivial.fit.fitted.predict(np.zeros((len(y), 1)))
    return scores(parts.target.task, guess, y)


def _remarks(chosen: Entry, metric: Metric) -> list[str]:
    if chosen.model != "trivial":
        return []
    beaten = f"no model beats the trivial baseline by {metric.name}"
    return [f"{beaten}: the columns may tell nothing of the target"]


def _warned(
    metric: Metric,
    chosen: Entry,
    test: Mapping[str, float],
    trivial: Mapping[str, float],
) -> list[str]:
    if not test:
        return [
            "no rows were left to test on: how good the model is on new ones is open"
        ]
    ours, theirs = test[metric.name], trivial[metric.name]
    unknown = math.isnan(ours) or math.isnan(theirs)
    if unknown or metric.better(ours, theirs) or chosen.model == "trivial":
        return []
    note = f"on the test rows {chosen.model} is no better than the trivial baseline"
    return [f"{note} by {metric.name}: do not rely on it"]
