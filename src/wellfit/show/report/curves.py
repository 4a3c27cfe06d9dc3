"""Loss, score and learning rate over the steps."""

from collections.abc import Mapping, Sequence

import numpy as np

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run, Signal
from wellfit.show.report.lines import Best, Level, Line, Span, line_chart, unit_of
from wellfit.show.report.parts import Chart, Section
from wellfit.show.tree import placed

PHASES: Mapping[str, str] = {
    "train/{}": "training",
    "val/{}": "validation",
    "train/eval_{}": "training, evaluated",
    "test/{}": "test",
}
SCORES: Mapping[str, str] = {"accuracy": "Accuracy", "r2": "R²", "rmse": "RMSE"}


def curves(run: Run, diagnosis: Diagnosis) -> Section:
    """The curves that everybody looks at first, with the findings' spans shaded."""
    spans = spans_of(diagnosis)
    charts = [_loss(run, spans), _score(run, spans), _rate(run)]
    return Section(
        id="curves",
        title="Curves",
        note="A shaded span begins where the finding of that number does."
        if spans
        else "",
        charts=tuple(chart for chart in charts if chart is not None),
    )


def spans_of(diagnosis: Diagnosis) -> list[Span]:
    """The spans of the findings that know since when, numbered as on the page."""
    return [
        Span(mark=mark, rule=finding.rule, start=finding.since)
        for mark, finding, _ in placed(diagnosis.findings)
        if finding.since is not None
    ]


def _loss(run: Run, spans: Sequence[Span]) -> Chart | None:
    return _phases(run, "loss", "Loss", best="min", spans=spans)


def _score(run: Run, spans: Sequence[Span]) -> Chart | None:
    for name, title in SCORES.items():
        best: Best = "min" if name == "rmse" else "max"
        chart = _phases(run, name, title, best=best, spans=spans)
        if chart is not None:
            return chart
    return None


def _phases(
    run: Run, name: str, title: str, *, best: Best, spans: Sequence[Span]
) -> Chart | None:
    lines = [
        Line(name=words, signal=signal, tone=tone, dots=len(signal) <= 80)
        for tone, (front, words) in enumerate(PHASES.items())
        if (signal := run.get(front.format(name))) is not None and len(signal)
    ]
    if not any(len(line.signal) > 1 for line in lines):
        return None
    trivial = ((run.facts.get("objective") or {}).get("trivial") or {}).get(name)
    known = [] if trivial is None else [Level(text="trivial baseline", value=trivial)]
    return line_chart(
        name,
        title,
        lines,
        best=best,
        spans=spans,
        levels=known,
        unit=unit_of(name),
    )


def _rate(run: Run) -> Chart | None:
    """The rates by parameter group; they are recorded where they change."""
    first = run.get("learning_rate")
    groups = {} if first is None else {"learning rate": first}
    groups |= run.at("learning_rate")
    lines = [
        Line(name=name, signal=_until(signal, run.last_step), tone=tone, steps=True)
        for tone, (name, signal) in enumerate(list(groups.items())[:4])
    ]
    if all(len(np.unique(line.signal.values)) < 2 for line in lines):
        return None
    return line_chart("learning-rate", "Learning rate", lines)


def _until(signal: Signal, step: int) -> Signal:
    return Signal(
        name=signal.name,
        steps=np.append(signal.steps, max(step, signal.steps[-1])),
        values=np.append(signal.values, signal.last),
    )
