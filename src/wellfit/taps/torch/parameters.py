"""Gradients, weights and updates, by parameter, at the steps that are looked at.

Norms are exact. Everything else of a tensor with more than a few thousand elements is
of a sample that is spread over it, so that a look costs little more for a large model
than for a small one, and holds no copy of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wellfit.taps.torch.columns import Columns
from wellfit.taps.torch.numbers import OnItsWay, send, spread, whole
from wellfit.taps.torch.segments import Segments

MOST_VALUES = 1 << 17  # looked at in one step: 512 KiB
LEAST, MOST = 64, 1 << 11  # of a tensor: its mean and deviation to 3 %

Floats = NDArray[np.float64]
Form = tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]


@dataclass(slots=True)
class Taken:
    """A sample of several tensors, on its way to the host.

    `form` has their names, their sizes, and the sizes of the samples.
    """

    form: Form
    numbers: OnItsWay
    norms: OnItsWay | None  # of the tensors of which there is only a sample

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "Taken | None":
        """A sample of these, spread over each; None where there is nothing in them."""
        most = max(LEAST, min(MOST, MOST_VALUES // max(len(tensors), 1)))
        names, sizes, parts, large = [], [], [], []
        for name, tensor in tensors.items():
            numbers = whole(tensor)
            size = numbers.numel()
            if size > most:
                large.append(numbers)
            if size:
                names.append(name)
                sizes.append(size)
                parts.append(spread(numbers, most))
        if not parts:
            return None
        taken = tuple([part.numel() for part in parts])
        return cls(
            form=(tuple(names), tuple(sizes), taken),
            numbers=send(joined(parts)),
            norms=send(joined(_norms(large))) if large else None,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The tensors of which there is a sample."""
        return self.form[0]

    @property
    def here(self) -> bool:
        """Whether its numbers have come."""
        return self.numbers.here and (self.norms is None or self.norms.here)


class Weights:
    """Takes weights before and after steps: after one is before the next, unless
    somebody changed them in between, which PyTorch counts.
    """

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._taken: Taken | None = None

    def before(self, wide: Mapping[str, Tensor]) -> Taken | None:
        """They are about to be stepped."""
        if self._taken is not None and self._key == _key(wide):
            return self._taken
        return Taken.of(wide)

    def after(self, wide: Mapping[str, Tensor]) -> Taken | None:
        """They have been stepped."""
        self._taken, self._key = Taken.of(wide), _key(wide)
        return self._taken


def _key(wide: Mapping[str, Tensor]) -> tuple[object, ...]:
    return tuple([(id(w), w.data_ptr(), w._version) for w in wide.values()])


def joined(parts: list[Tensor]) -> Tensor:
    """One after the other, in a tensor of their own."""
    device = parts[0].device
    if any(part.device != device for part in parts):  # a model over several devices
        parts = [part.cpu() for part in parts]
    return torch.cat(parts)


def _norms(tensors: list[Tensor]) -> list[Tensor]:
    lengths = torch._foreach_norm(tensors, 2, dtype=torch.float32)
    return [length.reshape(1) for length in lengths]


@lru_cache(maxsize=64)
def _weights(form: Form) -> Floats:
    """For how many elements of each tensor one of its sample stands."""
    return np.array(form[1], np.float64) / np.array(form[2], np.float64)


def segments(taken: Sequence[Taken]) -> Segments:
    """Samples of one form, a row each."""
    return Segments.of([t.numbers.array() for t in taken], taken[0].form[2])


def _squares(taken: Sequence[Taken], found: Segments) -> Floats:
    """The squared norm of each tensor: exact, from the sample where it is all of it."""
    if taken[0].norms is None:
        return found.squares
    squares = found.squares.copy()
    sampled = _weights(taken[0].form) > 1
    norms = [t.norms.array() for t in taken if t.norms is not None]
    squares[:, sampled] = np.square(norms, dtype=np.float64)
    return squares


@dataclass(slots=True)
class Change:
    """One step of one optimizer: its gradients, and the weights before and after.

    A bias starts at zero, where a change relative to it says nothing: the weights are
    those of more than one dimension. The gradient is averaged over so many `rows`.
    """

    step: int
    rows: int
    gradients: Taken | None
    before: Taken | None
    after: Taken | None = None
    main: bool = True  # of the optimizer that counts the steps

    @property
    def form(self) -> tuple[object, ...]:
        """Changes of one form can be worked out together."""
        taken = (self.gradients, self.before, self.after)
        return (self.main, *[None if t is None else t.form for t in taken])

    @property
    def taken(self) -> list[Taken]:
        """What is on its way."""
        parts = (self.gradients, self.before, self.after)
        return [part for part in parts if part is not None]


def told(changes: Sequence[Change], earlier: Change | None) -> Columns:
    """The signals of steps of one form, by look; `earlier` is the look before them."""
    said = Columns()
    main = changes[0].main
    with np.errstate(all="ignore"):
        gradients = [c.gradients for c in changes if c.gradients is not None]
        if gradients:
            found = segments(gradients)
            _tell_gradients(said, gradients, found, main=main)
            if main and len(gradients) == len(changes):
                _tell_alike(said, changes, found, earlier)
        before = [c.before for c in changes if c.before is not None]
        after = [c.after for c in changes if c.after is not None]
        if before and len(after) == len(before):
            alike = before[0].form == after[0].form
            _tell_weights(said, before, after if alike else [], main=main)
    return said


def _tell_gradients(
    said: Columns, taken: Sequence[Taken], found: Segments, *, main: bool
) -> None:
    names = taken[0].names
    squares = _squares(taken, found)
    if main:
        said.add("grad_norm", np.sqrt(squares.sum(1)))
    said.add_by_place("grad_norm", names, np.sqrt(squares))
    said.add_by_place("grad_mean", names, found.means)
    said.add_by_place("grad_std", names, found.deviations)
    said.add_by_place("grad_zeros", names, found.zeros)
    missing = 1 - found.finite
    if missing.any():
        if main:
            sizes = np.array(taken[0].form[1])
            said.add("grad_nonfinite", missing @ sizes / sizes.sum())
        said.add_by_place("grad_nonfinite", names, missing)


def _tell_alike(
    said: Columns, changes: Sequence[Change], found: Segments, earlier: Change | None
) -> None:
    """The cosine of two successive gradients, and the noise scale they tell.

    Two batches of B samples each give g₁ and g₂ with E[g₁·g₂] = |G|² and
    E[|g|²] = |G|² + tr(Σ)/B, and so the simple noise scale tr(Σ)/|G|² of
    McCandlish et al. (2018), An empirical model of large-batch training, eq. 2.9.
    NaN where the step before was not looked at.
    """
    first = changes[0].gradients
    before = None if earlier is None else earlier.gradients
    assert first is not None
    line, numbers = list(changes), found.numbers
    if earlier is not None and before is not None and before.form == first.form:
        line = [earlier, *line]
        numbers = np.vstack([before.numbers.array()[None], numbers])
    follows = np.array([b.step == a.step + 1 for a, b in pairwise(line)])
    if not follows.any():
        return
    weights, rows = _weights(first.form), np.array([c.rows for c in line[1:]])
    products = found.sums(numbers[1:] * numbers[:-1])
    squares = found.squares
    if len(numbers) > len(squares):
        squares = np.vstack([found.sums(numbers[:1] ** 2), squares])
    cosines = products / np.sqrt(squares[1:] * squares[:-1])
    product, own = products @ weights, squares @ weights
    whole = product / np.sqrt(own[1:] * own[:-1])
    noise = (own[1:] + own[:-1]) / 2 - product
    scale = np.where((product > 0) & (noise > 0), rows * noise / product, np.nan)
    columns = np.column_stack([whole, scale, cosines])
    columns[~follows] = np.nan
    if len(columns) < len(changes):  # the first has none before it
        columns = np.vstack([np.full((1, columns.shape[1]), np.nan), columns])
    said.add("grad_cosine", columns[:, 0], partial=True)
    said.add("grad_noise_scale", columns[:, 1], partial=True)
    said.add_by_place("grad_cosine", first.names, columns[:, 2:], partial=True)


def _tell_weights(
    said: Columns, before: Sequence[Taken], after: Sequence[Taken], *, main: bool
) -> None:
    found, names = segments(before), before[0].names
    squares = _squares(before, found)
    if main:
        said.add("weight_norm", np.sqrt(squares.sum(1)))
    said.add_by_place("weight_norm", names, np.sqrt(squares))
    if not after:  # they are others now
        return
    change = segments(after).numbers - found.numbers
    weights = _weights(before[0].form)
    changes, sampled = found.sums(change * change) * weights, found.squares * weights
    ratios = np.sqrt(changes / sampled)
    if main:
        whole = np.sqrt(changes.sum(1) / sampled.sum(1))
        said.add("update_ratio", whole, partial=True)
    ratios[sampled == 0] = np.nan
    said.add_by_place("update_ratio", names, ratios, partial=True)
