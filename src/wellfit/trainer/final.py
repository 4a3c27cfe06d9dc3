"""The best candidate: refitted on all but the test rows, scored once on those."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wellfit.models.model import Fit, Round
from wellfit.models.store import TableModel, save
from wellfit.objectives.metrics import Metric, scores
from wellfit.record import Recorder
from wellfit.trainer.attempts import Attempt, say_again
from wellfit.trainer.candidates import CANDIDATES
from wellfit.trainer.clock import Deadline
from wellfit.trainer.contest import Contest, OnProgress, Progress
from wellfit.trainer.parts import Parts
from wellfit.trainer.study import Study
from wellfit.trainer.trial import NETWORKS, Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The model that is kept, where it is saved, and what it is worth.

    `test` and `trivial` are the scores of the model and of the yardstick on the test
    rows; `notes` is all that a reader of them should know.
    """

    model: TableModel
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
    """Choose, refit, score, save; the recorder's run becomes the chosen one's."""
    chosen = contest.best(study.metric)
    steps = say_again(
        [Attempt(folder=chosen.folder)], recorder, unit=unit_of(study, chosen)
    )
    tell(Progress(stage=f"refitting {chosen.model}", place=len(CANDIDATES) + 1))
    refit = None if contest.interrupted else _refit(study, chosen, until)
    fit, parts = refit or (chosen.fit, study.parts)
    model = model_of(study, chosen.model, fit, parts)
    remarks = _remarks(chosen, study.metric, refitted=refit is not None)
    return keep(study, contest, chosen, model, recorder, steps=steps, remarks=remarks)


def keep(
    study: Study,
    contest: Contest,
    chosen: Entry,
    model: TableModel,
    recorder: Recorder,
    *,
    steps: int,
    remarks: Sequence[str],
) -> Result:
    """Save the model that was chosen, and score it once on the test rows."""
    recorder.fact("selection", {"metric": study.metric.name, "chosen": chosen.model})
    yardstick = model_of(study, "trivial", contest.trivial.fit, study.parts)
    path = recorder.folder / "model"
    save(model, path)
    test = _score_test(study.parts, model)
    trivial = _score_test(study.parts, yardstick)
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


def unit_of(study: Study, chosen: Entry) -> float:
    """A network's targets are standardised; the others' are as they were given."""
    if chosen.model not in NETWORKS or study.target.task == "classification":
        return 1.0
    return float(study.parts.target.y[study.parts.split.train].std()) or 1.0


def _refit(study: Study, chosen: Entry, until: Deadline) -> tuple[Fit, Parts] | None:
    """Fit what validation settled to all rows but the test rows; None if cut short."""
    uncut = True

    def on_round(_: Round) -> bool:
        nonlocal uncut
        uncut = not until.passed
        return uncut

    try:
        merged = study.parts.merged()
        model = chosen.fit.settled
        fit = model.fit(merged.rows("train", model.view), None, on_round)
    except KeyboardInterrupt:
        return None
    return (fit, merged) if uncut else None


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


def _score_test(parts: Parts, model: TableModel) -> dict[str, float]:
    rows = parts.split.test
    if not len(rows):
        return {}
    if parts.mapped:
        guess = model.fitted.predict(parts.rows("test", "dense").x)
    else:
        guess = model.scores(parts.frame.iloc[rows], parts.decoded)
    return scores(model.task, guess, parts.target.y[rows], model.threshold)


def _remarks(chosen: Entry, metric: Metric, *, refitted: bool) -> list[str]:
    notes = []
    if chosen.model == "trivial":
        beaten = f"no model beats the trivial baseline by {metric.name}"
        notes.append(f"{beaten}: the columns may tell nothing of the target")
    if not refitted:
        notes.append(
            f"{chosen.model} was not refitted on training and validation rows "
            "together: it was stopped, or the budget was spent"
        )
    return notes


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
