"""A Run: all that was seen of one training, read-only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellfit.core.errors import UnknownName
from wellfit.core.histogram import BINS, Histogram
from wellfit.core.signals import MACHINE, PHASES, parse


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Signal:
    """Numbers by step, in the order in which they were recorded.

    `steps` (int64) and `values` (float64) are one-dimensional and of one length.
    A step is an optimizer step, counted from 0; the value of an evaluation stands
    at the number of steps that were done before it.
    """

    name: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.steps.flags.writeable = False
        self.values.flags.writeable = False

    def __len__(self) -> int:
        return len(self.values)

    @property
    def last(self) -> float:
        """The latest value."""
        return float(self.values[-1])

    def until(self, step: int) -> "Signal":
        """The signal up to that step, and at it."""
        keep = self.steps <= step
        return Signal(name=self.name, steps=self.steps[keep], values=self.values[keep])

    def finite(self) -> "Signal":
        """The signal without its NaN and infinite values."""
        keep = np.isfinite(self.values)
        return Signal(name=self.name, steps=self.steps[keep], values=self.values[keep])


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened: its kind, its step, and data fit for JSON."""

    kind: str
    step: int
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Run:
    """All that was seen of one training: facts, signals, histograms, events.

    `signals` maps full names (`train/loss`, `train/grad_norm@fc1.weight`) to signals,
    places in the order of the forward pass; it may read them lazily from `path`, and
    so may `histograms`, which maps such names to histograms. Where several processes
    trained together this is the first of them, and `ranks` maps the others' numbers to
    what each of them recorded.

    >>> run = Run.of(loss=[2.3, 1.1, 0.7], val_loss={2: 0.9})
    >>> run.signal("loss").last, run.signal("val/loss").steps.tolist()
    (0.7, [2])
    >>> run.last_step
    2
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, Signal] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    histograms: Mapping[str, Histogram] = field(default_factory=dict)
    path: Path | None = None
    ranks: Mapping[int, "Run"] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        signals: Mapping[str, ArrayLike | Mapping[int, float]] | None = None,
        /,
        *,
        facts: Mapping[str, Any] | None = None,
        events: Iterable[Event] = (),
        histograms: Mapping[str, ArrayLike | Mapping[int, ArrayLike]] | None = None,
        **named: ArrayLike | Mapping[int, float],
    ) -> "Run":
        """A run from plain numbers, for examples and tests.

        A sequence stands at steps 0, 1, 2, …; a mapping gives its steps. A keyword
        `val_loss` means `val/loss`, and one without a phase is of training. A histogram
        is given by the counts of its 51 bins.
        """
        given = {**(signals or {}), **{_spelled(k): v for k, v in named.items()}}
        made = [_signal(name, numbers) for name, numbers in given.items()]
        counted = [_histogram(name, rows) for name, rows in (histograms or {}).items()]
        return cls(
            facts=MappingProxyType(dict(facts or {})),
            signals=MappingProxyType({s.name: s for s in made}),
            events=tuple(events),
            histograms=MappingProxyType({h.name: h for h in counted}),
        )

    def __contains__(self, name: str) -> bool:
        return str(parse(name)) in self.signals

    def signal(self, name: str) -> Signal:
        """The signal of that name; `UnknownName` where there is none."""
        found = self.get(name)
        if found is None:
            raise UnknownName("signal", name, among=self.signals)
        return found

    def get(self, name: str) -> Signal | None:
        """The signal of that name, or None."""
        return self.signals.get(str(parse(name)))

    def at(self, name: str) -> dict[str, Signal]:
        """The signals of that name by place, in the order of the forward pass."""
        wanted = parse(name)
        return {
            full.where: self.signals[key]
            for key in self.signals
            if (full := parse(key)).where and full[:2] == wanted[:2]
        }

    def happened(self, kind: str) -> tuple[Event, ...]:
        """The events of one kind."""
        return tuple(e for e in self.events if e.kind == kind)

    @property
    def last_step(self) -> int:
        """The latest step of training that anything was recorded at; -1 for none."""
        counted = self.facts.get("training", {}).get("steps")
        if counted is not None:
            return int(counted) - 1
        loss = self.get("train/loss")
        if loss is not None and len(loss):
            return int(loss.steps[-1])
        trained = (n for n in self.signals if parse(n).name not in MACHINE)
        ends = [int(s.steps[-1]) for n in trained if len(s := self.signals[n])]
        return max(ends, default=-1)


def _spelled(keyword: str) -> str:
    phase, _, rest = keyword.partition("_")
    return f"{phase}/{rest}" if phase in PHASES and rest else keyword


def _signal(name: str, numbers: ArrayLike | Mapping[int, float]) -> Signal:
    steps, given = _by_step(numbers)
    values = np.array(given, dtype=np.float64)
    return Signal(name=str(parse(name)), steps=steps, values=values)


def _histogram(name: str, rows: ArrayLike | Mapping[int, ArrayLike]) -> Histogram:
    steps, given = _by_step(rows)
    counts = np.array(given, dtype=np.int64).reshape(len(steps), BINS)
    return Histogram(name=str(parse(name)), steps=steps, counts=counts)


def _by_step(given: Any) -> tuple[NDArray[np.int64], Any]:
    """The steps, and what stands at them: 0, 1, 2, … where none are given."""
    if isinstance(given, Mapping):
        return np.array(list(given), dtype=np.int64), list(given.values())
    rows = np.array(given)
    return np.arange(len(rows), dtype=np.int64), rows
