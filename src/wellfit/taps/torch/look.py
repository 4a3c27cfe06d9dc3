"""A step that is looked at in full; and what several of them tell together."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wellfit.core.histogram import counts_by
from wellfit.taps.tap import Records
from wellfit.taps.torch import parameters
from wellfit.taps.torch.attention import AttentionLook
from wellfit.taps.torch.layers import Activations, LayersLook, Life
from wellfit.taps.torch.numbers import Floats, Later, send
from wellfit.taps.torch.parameters import Change, Taken, Weights

MOST_HELD = 1 << 18  # numbers of looks that wait to be worked out: 1 MiB
MOST_LOOKS = 32


class Look:
    """Opened before a step, closed after it. With `sketch` it takes histograms too."""

    def __init__(
        self, layers: LayersLook, weights: Weights, step: int, *, sketch: bool
    ) -> None:
        self.step = step
        self.sketch = sketch
        self.changes: list[Change] = []  # one for each optimizer that stepped
        self.activations: Activations | None = None
        self._layers, self._weights = layers, weights
        self._attention = AttentionLook(layers) if sketch else None
        self._said: dict[str, float] = {}
        self._later: list[Later] = []

    def open(self) -> None:
        """Begin to look at what passes through the layers."""
        self._layers.open()
        if self._attention is not None:
            self._attention.open()

    def say(self, found: Mapping[str, float]) -> None:
        """Add signals of training that are known already."""
        self._said.update(found)

    def say_later(self, *found: Later | None) -> None:
        """Add signals that are known once their tensors have come."""
        self._later += [later for later in found if later is not None]

    def stepping(self, weights: dict[str, Tensor], rows: int, *, closure: bool) -> None:
        """An optimizer is about to step these; a `closure` makes the gradient then."""
        wide = {n: p for n, p in weights.items() if p.ndim > 1}
        taken = None if closure else _gradients(weights)
        before = self._weights.before(wide)
        self.changes.append(Change(self.step, rows, taken, before))

    def stepped(
        self,
        weights: dict[str, Tensor],
        rows: int,
        norm: Tensor | None,
        *,
        main: bool,
    ) -> None:
        """It has stepped; `norm` is its gradient's before it was clipped."""
        if not self.changes:
            return
        change = self.changes[-1]
        change.main = main
        wide = {n: p for n, p in weights.items() if p.ndim > 1}
        change.after = self._weights.after(wide)
        if change.gradients is None:
            change.gradients, change.rows = _gradients(weights), rows
        if norm is not None and main:
            self.say_later(Later((send(norm),), _norm))

    def drop(self) -> None:
        """The step will not be seen to its end."""
        self._layers.drop()
        if self._attention is not None:
            self._attention.close()

    def close(self) -> None:
        """The step is over."""
        self.activations = self._layers.close()
        if self._attention is not None:
            self._attention.close()

    @property
    def here(self) -> bool:
        """Whether all that was taken has come from its device."""
        mine = self.activations is None or self.activations.here
        return (
            mine
            and all(later.here for later in self._later)
            and all(taken.here for change in self.changes for taken in change.taken)
        )

    @property
    def form(self) -> tuple[object, ...]:
        """Looks of one form can be worked out together."""
        seen = None if self.activations is None else self.activations.form
        return (seen, *[change.form for change in self.changes])

    def found(self) -> dict[str, float]:
        """What was said of it, by signal."""
        attention = {} if self._attention is None else self._attention.found()
        for later in self._later:
            self._said.update(later.told())
        self._later.clear()
        return self._said | attention


def _gradients(weights: dict[str, Tensor]) -> Taken | None:
    return Taken.of({n: p.grad for n, p in weights.items() if p.grad is not None})


def _norm(norm: Floats) -> dict[str, float]:
    return {"grad_norm": float(norm)}


class Looked:
    """Steps that were looked at, held until several can be worked out together."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._waiting: list[Look] = []
        self._held = 0
        self._life = Life()
        self._earlier: Change | None = None  # the last that was worked out

    def add(self, look: Look) -> None:
        """Take in a look; where enough of them wait, those that can be are recorded."""
        self._waiting.append(look)
        for change in look.changes:
            self._held += sum(sum(taken.form[2]) for taken in change.taken)
        if look.activations is not None:
            self._held += sum(look.activations.sizes)
        if self._held > MOST_HELD or len(self._waiting) >= MOST_LOOKS:
            self.record(wait=False)

    def record(self, *, wait: bool) -> None:
        """Record what has come from its device; all, where `wait`."""
        ready = []
        while self._waiting and (wait or self._waiting[0].here):
            ready.append(self._waiting.pop(0))
        if not self._waiting:
            self._held = 0
        for _, alike in groupby(ready, key=lambda look: look.form):
            self._record(list(alike))

    def _record(self, looks: Sequence[Look]) -> None:
        """Write down looks of one form."""
        records, steps = self._records, [look.step for look in looks]
        said = [look.found() for look in looks]
        but = [{f"train/{name}" for name in found} for found in said]
        for changes in zip(*[look.changes for look in looks], strict=True):
            parameters.told(changes, self._earlier).write(records, steps, but)
            if changes[-1].main:
                self._earlier = changes[-1]
        seen = [look.activations for look in looks if look.activations is not None]
        if seen:
            self._life.told(seen).write(records, steps, but)
        for step, found, names in zip(steps, said, but, strict=True):
            records.values(
                step, tuple(sorted(names)), [found[n[6:]] for n in sorted(names)]
            )
        for look in looks:
            if look.sketch:
                self._draw(look)

    def _draw(self, look: Look) -> None:
        """Histograms of gradients and weights, by parameter, and of activations."""
        for change in look.changes:
            for what, taken in (
                ("gradients", change.gradients),
                ("weights", change.after),
            ):
                if taken is not None:
                    numbers = taken.numbers.array()
                    self._histograms(
                        look.step, what, taken.names, numbers, taken.form[2]
                    )
        seen = look.activations
        if seen is not None:
            numbers = seen.numbers.array()
            self._histograms(look.step, "activations", seen.names, numbers, seen.sizes)

    def _histograms(
        self,
        step: int,
        what: str,
        places: Sequence[str | None],
        numbers: NDArray[np.generic],
        sizes: Sequence[int],
    ) -> None:
        counts = counts_by(numbers, np.cumsum([0, *sizes]))
        for place, row in zip(places, counts, strict=True):
            if place is not None:
                self._records.histogram(f"train/{what}@{place}", step, row)
