"""Evaluation passes: what Keras says of them, and the scores of their batches."""

from collections import defaultdict
from typing import Any

from wellfit.taps.keras.backend import Backend
from wellfit.taps.keras.losses import Criterion
from wellfit.taps.keras.names import Names
from wellfit.taps.keras.scores import Scores
from wellfit.taps.tap import Records

ON_TRAINING = ("loss", "accuracy", "r2")  # of a pass over the training data


class Pass:
    """One pass over data that are not trained on in it."""

    def __init__(self, criterion: Criterion, backend: Backend) -> None:
        self._backend = backend
        self._scores = Scores(criterion)
        self._sums: dict[str, float] = defaultdict(float)
        self._rows = 0

    def called(self, targets: Any, outputs: Any) -> None:
        """The loss was called on a batch of the pass."""
        if self._backend.number(outputs) and self._backend.number(targets):
            array = self._backend.array
            self._scores.add(array(outputs), array(targets))

    def told(self, logs: dict[str, float], rows: int) -> None:
        """Metrics of one batch of so many rows, where nobody tells the whole."""
        self._rows += rows
        for name, value in logs.items():
            self._sums[name] += value * rows

    @property
    def means(self) -> dict[str, float]:
        """The means of what was told batch by batch."""
        return {name: total / self._rows for name, total in self._sums.items()}

    def end(
        self,
        records: Records,
        names: Names,
        step: int,
        *,
        phase: str,
        logs: dict[str, float] | None,
        rows: int | None = None,
    ) -> None:
        """The pass is over; `logs` are Keras's own numbers of it."""
        said: dict[str, float] = {}
        for name, value in (self.means if logs is None else logs).items():
            said |= dict.fromkeys(names.signals(name, phase), value)
        own = self._scores.result().items()
        said |= {f"{phase}/{n}": v for n, v in own if n not in names.known}
        for signal, value in said.items():
            name = signal.partition("/")[2]
            if phase != "train":
                records.value(signal, step, value)
            elif name in ON_TRAINING:
                records.value(f"train/eval_{name}", step, value)
        seen = rows or self._rows or self._scores.rows or None
        records.event("evaluation", step, phase=phase, rows=seen)
