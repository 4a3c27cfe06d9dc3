"""Line charts: signals by step, with the spans of findings shaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Signal
from wellfit.core.signals import parse
from wellfit.show.numerals import number, share, size
from wellfit.show.report.parts import Chart, Key, plain
from wellfit.show.report.thin import noisy, settled, smooth, thin

Best = Literal["min", "max"]
Unit = Literal["number", "share", "bytes"]
WRITE: Mapping[Unit, Callable[[float], str]] = {
    "number": number,
    "share": share,
    "bytes": size,
}
SHARES = ("accuracy", "balanced_accuracy", "recall")
WIDE = 1e3  # from the 5th to the 95th of 100 values: then a log scale is the choice
POWERS = ("grad_norm", "update_ratio")  # read by powers of ten anyway


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A signal under the name it has in the legend; `dots` marks single values,
    `steps` keeps each value until the next, `text` is said of it in place of its end.
    """

    name: str
    signal: Signal
    tone: int
    dots: bool = False
    steps: bool = False
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The steps from `start` on, which a finding is about; `mark` is its number."""

    mark: str
    rule: str
    start: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """A value to compare with, drawn as a dashed line across the chart."""

    text: str
    value: float


def line_chart(
    name: str,
    title: str,
    lines: Sequence[Line],
    *,
    best: Best | None = None,
    unit: Unit = "number",
    spans: Sequence[Span] = (),
    levels: Sequence[Level] = (),
    points: int = 800,
) -> Chart:
    """A chart of the lines; it starts on a log scale where the values span decades."""
    write = WRITE[unit]
    values = np.concatenate([line.signal.finite().values for line in lines])
    positive = unit == "number" and len(values) > 0 and bool(values.min() > 0)
    smoothed = any(_smoothable(line) for line in lines)
    words = {x.name: x.text or _in_words(x, best, write) for x in lines}
    return Chart(
        id=name,
        title=title,
        label=f"{title} by step. " + " ".join(f"{k}: {v}." for k, v in words.items()),
        keys=(
            *(Key(name=x.name, tone=str(x.tone), text=words[x.name]) for x in lines),
            *(Key(name=x.text, tone="level", text=write(x.value)) for x in levels),
        ),
        toggles=("log",) * positive + ("smooth",) * smoothed,
        spec={
            "kind": "lines",
            "unit": unit,
            "log": positive and (_powers(lines) or _wide(values)),
            "smooth": smoothed,
            "lines": [_drawn(line, points) for line in lines],
            "spans": [{"mark": s.mark, "rule": s.rule, "x": s.start} for s in spans],
            "levels": plain(level.value for level in levels),
        },
    )


def unit_of(name: str) -> Unit:
    """Whether a signal of that name is a share of one."""
    return "share" if name in SHARES or name.endswith("_share") else "number"


def _wide(values: NDArray[np.float64]) -> bool:
    low, high = np.percentile(values, [5, 95])
    return bool(high > WIDE * low)


def _powers(lines: Sequence[Line]) -> bool:
    return all(parse(line.signal.name).name in POWERS for line in lines)


def _drawn(line: Line, points: int) -> dict[str, Any]:
    raw = thin(line.signal, points)
    eased = smooth(line.signal) if _smoothable(line) else None
    return {
        "name": line.name,
        "tone": line.tone,
        "dots": line.dots,
        "steps": line.steps,
        "raw": [raw.steps.tolist(), plain(raw.values)],
        "smooth": eased and [eased.steps.tolist(), plain(eased.values)],
    }


def _smoothable(line: Line) -> bool:
    return not (line.dots or line.steps) and noisy(line.signal)


def _in_words(line: Line, best: Best | None, write: Callable[[float], str]) -> str:
    finite = line.signal.finite()
    if not len(finite):
        return "never finite"
    if _smoothable(line):
        return f"{write(settled(line.signal))} at the end, smoothed"
    end = f"{write(line.signal.last)} at the end"
    if best is None or len(finite) < 2:
        return end
    at = int(finite.values.argmin() if best == "min" else finite.values.argmax())
    return f"{end}, best {write(float(finite.values[at]))} at step {finite.steps[at]:,}"
