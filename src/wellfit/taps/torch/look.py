"""One step, looked at in full: what is taken of it, and what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from wellfit.core.histogram import counts_by
from wellfit.taps.tap import Records
from wellfit.taps.torch.attention import AttentionLook
from wellfit.taps.torch.layers import Activations, LayersLook
from wellfit.taps.torch.parameters import Gradients, Row, Taken, Updates


@dataclass(slots=True)
class _Part:
    """What one optimizer's step shows."""

    gradients: Gradients | None
    updates: Updates
    moved: bool  # whether the weights were seen before they moved
    main: bool = True


class Look:
    """Opened before a step, closed after it, and recorded once its numbers are here.

    With `sketch` it takes histograms too. `before` are the gradients of the look
    before this one.
    """

    def __init__(
        self, layers: LayersLook, step: int, *, sketch: bool, before: Gradients | None
    ) -> None:
        self.step = step
        self.sketch = sketch
        self._layers = layers
        self._attention = AttentionLook(layers) if sketch else None
        self._before = before
        self._parts: list[_Part] = []
        self._said: dict[str, float] = {}
        self._activations: Activations | None = None

    def open(self) -> None:
        """Begin to look at what passes through the layers."""
        self._layers.open()
        if self._attention is not None:
            self._attention.open()

    def say(self, found: Mapping[str, float]) -> None:
        """Add signals of training that are known already."""
        self._said.update(found)

    def stepping(self, parameters: dict[str, Tensor], rows: int, closure: bool) -> None:
        """An optimizer is about to step these."""
        graded = {n: p.grad for n, p in parameters.items() if p.grad is not None}
        taken = Taken.of(graded)
        gradients = None if taken is None else Gradients(taken, self.step, rows)
        self._parts.append(_Part(gradients, Updates(parameters), not closure))

    def stepped(self, norm: Tensor | None, *, main: bool) -> None:
        """It has stepped; `norm` is its gradient's before it was clipped."""
        if not self._parts:
            return
        part = self._parts[-1]
        part.main = main
        part.updates.close()
        if norm is not None and main:
            self._said["grad_norm"] = float(norm)

    def close(self) -> None:
        """The step is over."""
        self._activations = self._layers.close()
        if self._attention is not None:
            self._attention.close()

    @property
    def gradients(self) -> Gradients | None:
        """Those of the main optimizer."""
        return next((p.gradients for p in self._parts if p.main), None)

    @property
    def here(self) -> bool:
        """Whether all that was taken has come from its device."""
        return all(taken.here for taken in self._taken())

    def _taken(self) -> list[Taken | Activations]:
        found: list[Taken | Activations | None] = [self._activations]
        for part in self._parts:
            found += part.updates.taken
            found.append(None if part.gradients is None else part.gradients.taken)
        return [taken for taken in found if taken is not None]

    def record(self, records: Records) -> None:
        """Write down what was seen."""
        rows: list[Row] = []
        for part in self._parts:
            mine = [part.updates.row(moved=part.moved)]
            if part.gradients is not None:
                before = self._before if part.main else None
                mine.append(part.gradients.row(before))
            rows += mine if part.main else [_by_place(row) for row in mine]
        if self._activations is not None:
            rows.append(self._activations.row())
        if self._attention is not None:
            self.say(self._attention.found())
        rows.append((tuple(self._said), np.array(list(self._said.values()))))
        # What was said is more exact than what was sampled: the norm before clipping.
        said = set(self._said)
        for names, numbers in rows[:-1]:
            if said.isdisjoint(names):
                _write(records, self.step, names, numbers)
            else:
                kept = [place for place, name in enumerate(names) if name not in said]
                _write(records, self.step, tuple(names[k] for k in kept), numbers[kept])
        _write(records, self.step, *rows[-1])
        if self.sketch:
            self._draw(records)

    def _draw(self, records: Records) -> None:
        """Histograms of gradients and weights, by parameter, and of activations."""
        for part in self._parts:
            after = part.updates.taken[1]
            if after is not None:
                _histograms(records, self.step, "weights", after.names, after)
            if part.gradients is not None:
                taken = part.gradients.taken
                _histograms(records, self.step, "gradients", taken.names, taken)
        seen = self._activations
        if seen is not None:
            _histograms(records, self.step, "activations", seen.names, seen)


def _histograms(
    records: Records,
    step: int,
    what: str,
    places: tuple[str | None, ...],
    taken: Taken | Activations,
) -> None:
    found = taken.segments()
    offsets = np.append(found.starts, len(found.numbers))
    for place, counts in zip(places, counts_by(found.numbers, offsets), strict=True):
        if place is not None:
            records.histogram(f"train/{what}@{place}", step, counts)


_full: dict[tuple[str, ...], tuple[str, ...]] = {}


def _write(
    records: Records, step: int, names: tuple[str, ...], numbers: np.ndarray
) -> None:
    if not names:
        return
    full = _full.get(names)
    if full is None:
        full = _full[names] = tuple(f"train/{name}" for name in names)
    records.values(step, full, numbers.tolist())


def _by_place(row: Row) -> Row:
    """What is of the whole run is of its first optimizer; the others' is by place."""
    keep = [place for place, name in enumerate(row[0]) if "@" in name]
    return tuple(row[0][k] for k in keep), row[1][keep]
