"""The findings as the page shows them: evidence, chart, remedies, manual page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from wellfit.core.finding import Diagnosis, Evidence, Finding
from wellfit.core.run import Run, Signal
from wellfit.core.signals import parse
from wellfit.rules import all_rules
from wellfit.show.numerals import capital, number, quantity
from wellfit.show.report.curves import PHASES
from wellfit.show.report.depth import by_layer
from wellfit.show.report.lines import Line, Span, line_chart, unit_of
from wellfit.show.report.parts import Chart
from wellfit.show.report.prose import human, markdown, sentence
from wellfit.show.tree import Placed, placed

LINES = 4  # in the chart of a finding
POINTS = 240

Page = Callable[[str], str | None]


class Seen(NamedTuple):
    """A piece of evidence in words: what, how much, when; empty where not known."""

    text: str
    value: str
    step: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A finding, ready to be drawn: with its number and what explains it."""

    placed: Placed
    title: str
    summary: str
    evidence: tuple[Seen, ...]
    because: str
    chart: Chart | None
    page: Markup | None


def findings(run: Run, diagnosis: Diagnosis, page: Page) -> list[Shown]:
    """The findings in the order of the page: each is followed by what it explains."""
    return [
        Shown(
            placed=at,
            title=capital(human(at.finding.rule)),
            summary=sentence(at.finding),
            evidence=tuple(_seen(evidence) for evidence in at.finding.evidence),
            because=human(at.cause.rule) if at.cause else "",
            chart=_chart(run, at),
            page=markdown(text) if (text := page(at.finding.rule)) else None,
        )
        for at in placed(diagnosis.findings)
    ]


def _seen(evidence: Evidence) -> Seen:
    name = quantity(parse(evidence.signal or "").name)
    return Seen(
        text=f"{name} {evidence.text}"
        if evidence.text == "at the end"
        else evidence.text,
        value="" if evidence.value is None else number(evidence.value),
        step="" if evidence.step is None else f"step {evidence.step:,}",
    )


def _chart(run: Run, at: Placed) -> Chart | None:
    found = at.finding
    lines = _cited(run, found) or _needed(run, found)
    if not lines:
        return None
    name = parse(lines[0].signal.name).name
    start = found.since
    span = [] if start is None else [Span(mark=at.mark, rule=found.rule, start=start)]
    title = capital(quantity(name))
    chart = line_chart(
        f"finding-{at.mark}",
        title,
        lines,
        spans=span,
        unit=unit_of(name),
        points=POINTS,
    )
    return replace(chart, toggles=())


def _cited(run: Run, finding: Finding) -> list[Line]:
    """The signals that the evidence names: of one quantity, that of the first."""
    names = dict.fromkeys(e.signal for e in finding.evidence if e.signal)
    signals = {n: s for n in names if (s := run.get(n)) is not None and len(s) > 1}
    first = next((parse(name).name for name in signals), None)
    alike = {_named(n): s for n, s in signals.items() if parse(n).name == first}
    return _lines(alike)


def _needed(run: Run, finding: Finding) -> list[Line]:
    """The signal that the rule looks at: of the run, or of layers at all depths."""
    needs = {rule.name(): rule.needs for rule in all_rules()}.get(finding.rule, ())
    name = next((n for n in needs if not n.startswith("facts:")), "")
    if name.endswith("@*"):
        layers = by_layer(run, name.removesuffix("@*"))
        return _lines({layer.name: layer.signals[0] for layer in layers})
    signal = run.get(name)
    return _lines({_named(name): signal} if signal is not None else {})


def _lines(signals: Mapping[str, Signal]) -> list[Line]:
    """A line for each, or for some, from the first to the last."""
    long = [(name, signal) for name, signal in signals.items() if len(signal) > 1]
    chosen = np.unique(np.linspace(0, len(long) - 1, min(LINES, len(long))).round())
    return [
        Line(name=name, signal=signal, tone=tone, dots=len(signal) <= 40)
        for tone, (name, signal) in enumerate(long[int(i)] for i in chosen)
    ]


def _named(signal: str) -> str:
    name = parse(signal)
    return name.where or PHASES.get(f"{name.phase}/{{}}", name.phase)
