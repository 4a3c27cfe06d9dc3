"""What a framework above PyTorch tells of a training, beside what PyTorch's tap saw."""

from collections.abc import Callable, Mapping
from typing import Any

from wellfit.core.signals import SIGNALS, parse
from wellfit.taps.names import signal_of
from wellfit.taps.shared import Shared
from wellfit.taps.tap import Records, attached

# Of these the number that a framework logs is the very one that PyTorch's tap has seen.
SAME = frozenset({"learning_rate", "grad_norm"})
NO_METRICS = frozenset({"epoch", "step"})


class Told:
    """Writes a framework's metrics, epochs and settings, at PyTorch's steps.

    A metric keeps its name: `val_f1` is the signal `val/f1`. Where PyTorch's tap sees
    a quantity of that name itself, the framework's number stands beside it as
    `val/logged_loss`, and only where it does not as `val/loss`. The fact `metrics`
    holds the framework's own name of each.
    """

    def __init__(self, records: Records) -> None:
        self._given = records
        self._records = records if isinstance(records, Shared) else Shared(records)
        self._names = self._records.names
        self._settings: dict[str, Any] = {}
        self._epoch: Callable[..., None] | None = None
        self._steps = 0

    # -- steps -------------------------------------------------------------------------

    def steps(self, own: int) -> int:
        """Steps done: as PyTorch's tap counts them or, without one, the framework's."""
        torch = self._torch()
        self._steps = max(self._steps, own if torch is None else torch)
        return self._steps

    def _torch(self) -> int | None:
        """The count of PyTorch's tap that writes to the same run, if one is at work."""
        counts = (
            tap.step
            for tap in attached()
            if tap.framework == "torch" and tap.records is self._given
        )
        return next(counts, None)

    # -- what is told ------------------------------------------------------------------

    @property
    def by_another(self) -> bool:
        """Whether a framework above this one is training, and tells of it."""
        return self._records.claimed("epoch") not in (None, self)

    def begin(self, **settings: Any) -> None:
        """A training begins: its settings are the fact `framework`; epochs are ours."""
        self.end()
        self._epoch = self._records.claim("epoch", self)
        self.settings(**settings)

    def settings(self, **more: Any) -> None:
        """Say, or say anew, settings of the framework."""
        self._settings |= more
        self._records.fact("framework", self._settings)

    def end(self) -> None:
        """The training is over."""
        self._records.release("epoch", self)
        self._epoch = None

    def epoch(self, number: int, **data: Any) -> None:
        """An epoch is over: so many are done by now, by the framework's own count."""
        if self._epoch is not None:
            self._epoch(self._steps, number=number, **data)
            self.settings(epochs=number)

    def evaluate(self, phase: str) -> None:
        """An evaluation of that phase is made at the present step."""
        self._records.evaluate(phase, self._steps)

    def event(self, kind: str, **data: Any) -> None:
        """Something happened."""
        self._records.event(kind, self._steps, **data)

    def metrics(self, numbers: Mapping[str, Any], *, phase: str = "train") -> None:
        """Record metrics; `phase` is that of a name which tells none."""
        for name, number in numbers.items():
            if name not in NO_METRICS and isinstance(number, int | float):
                self.metric(name, float(number), phase=phase)

    def metric(
        self, name: str, number: float, *, phase: str = "train", step: int | None = None
    ) -> None:
        """Record one metric, at a step that has passed or at the present one."""
        at = self._steps if step is None else step
        signal = self._signal(name, phase)
        phase, base, _ = parse(signal)
        if base not in SIGNALS or self._torch() is None:
            self._value(signal, name, number, at)
        elif phase != "train":
            beside = f"{phase}/logged_{base}"

            def said(came_to: str) -> None:
                self._named(came_to, name)

            self._records.offer(signal, at, number, otherwise=beside, said=said)
        elif base not in SAME:
            self._value(f"{phase}/logged_{base}", name, number, at)

    def _value(self, signal: str, name: str, number: float, step: int) -> None:
        self._named(signal, name)
        self._records.value(signal, step, number)

    def _signal(self, name: str, phase: str) -> str:
        """The signal of a metric; of two that would share one, the second's in full."""
        signal = signal_of(name, phase=phase)
        phase, base, _ = parse(signal)
        holders = (signal, f"{phase}/logged_{base}")
        if any(self._names.get(holder, name) != name for holder in holders):
            return f"{phase}/{name.strip().replace('@', '_').replace('/', '_')}"
        return signal

    def _named(self, signal: str, name: str) -> None:
        if self._names.get(signal) != name:
            self._names[signal] = name
            self._records.fact("metrics", self._names)
