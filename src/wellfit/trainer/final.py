"""The best candidate: refitted on all but the test rows, scored once on those."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wellfit.core.signals import parse
from wellfit.models.model import Fit, Round
from wellfit.models.store import TableModel, save
from wellfit.objectives.metrics import Metric, scores
from wellfit.record import Recorder, open_run
from wellfit.trainer.candidates import CANDIDATES
from wellfit.trainer.clock import Deadline
from wellfit.trainer.contest import Contest, OnProgress, Progress
from wellfit.trainer.parts import Parts
from wellfit.trainer.study import Study
from wellfit.trainer.trial import Entry

UNITED = ("rmse", "mae")  # signals in the target's own unit
OWN = frozenset({"command", "versions", "seeds", "data", "candidates", "outcome"})


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
    steps = copy_run(chosen.folder, recorder, unit=_unit(study, chosen))
    said = {"metric": study.metric.name, "chosen": chosen.model}
    recorder.fact("selection", said)
    tell(Progress(stage=f"refitting {chosen.model}", place=len(CANDIDATES) + 1))
    refit = None if contest.interrupted else _refit(study, chosen, until)
    if refit is None:
        model = _model(study, chosen, chosen.fit, study.parts)
    else:
        model = _model(study, chosen, *refit)
    yardstick = _model(study, contest.trivial, contest.trivial.fit, study.parts)
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
            *_remarks(chosen, study.metric, refitted=refit is not None),
            *_warned(study.metric, chosen, test, trivial),
        ),
    )


def copy_run(folder: Path, recorder: Recorder, *, unit: float = 1.0) -> int:
    """Say again what a candidate's run holds: its curves, events and facts.

    How many steps it took. `unit` is what an error of 1 in its run is in the target's
    own unit.
    """
    run = open_run(folder)
    facts = {name: fact for name, fact in run.facts.items() if name not in OWN}
    if (val := run.get("val/loss")) is not None and "training" in facts:
        best = int(val.steps[val.values.argmin()])
        facts["training"] = {**facts["training"], "kept": best}
    if trivial := facts.get("objective", {}).get("trivial"):
        scaled = {k: v * (unit if k in UNITED else 1) for k, v in trivial.items()}
        facts["objective"] = {**facts["objective"], "trivial": scaled}
    for name, fact in facts.items():
        recorder.fact(name, fact)
    for name, signal in run.signals.items():
        scale = unit if parse(name).name in UNITED else 1.0
        for step, value in zip(signal.steps, signal.values, strict=True):
            recorder.value(name, int(step), scale * value)
    for event in run.events:
        recorder.event(event.kind, event.step, **event.data)
    return run.last_step + 1


def _unit(study: Study, chosen: Entry) -> float:
    """A network's targets are standardised; the others' are as they were given."""
    if chosen.model != "mlp" or study.target.task == "classification":
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


def _model(study: Study, entry: Entry, fit: Fit, parts: Parts) -> TableModel:
    return TableModel(
        kind=entry.model,
        task=study.target.task,
        target=study.target.name,
        classes=study.target.classes,
        metric=study.metric.name,
        preparation=parts.preparation,
        fitted=fit.fitted,
    )


def _score_test(parts: Parts, model: TableModel) -> dict[str, float]:
    rows = parts.split.test
    guess = model.scores(parts.frame.iloc[rows])
    return scores(model.task, guess, parts.target.y[rows])


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
    ours, theirs = test[metric.name], trivial[metric.name]
    unknown = math.isnan(ours) or math.isnan(theirs)
    if unknown or metric.better(ours, theirs) or chosen.model == "trivial":
        return []
    note = f"on the test rows {chosen.model} is no better than the trivial baseline"
    return [f"{note} by {metric.name}: do not rely on it"]
