"""Gradients, weights and updates, by parameter, at the steps that are looked at.

Norms are exact. Everything else of a tensor with more than a few thousand elements is
of a sample that is spread over it, so that a look costs little more for a large model
than for a small one, and holds no copy of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wellfit.taps.torch.numbers import OnItsWay, flat, send, some
from wellfit.taps.torch.segments import Segments

MOST_VALUES = 1 << 18  # looked at in one step: 1 MiB
LEAST, MOST = 64, 1 << 12  # of a tensor

Floats = NDArray[np.float64]
Row = tuple[tuple[str, ...], Floats]  # names of signals, their numbers


@dataclass(slots=True)
class Taken:
    """A sample of several tensors, on its way to the host.

    `weights` says for how many elements each of a sample stands.
    """

    names: tuple[str, ...]
    sizes: list[int]
    weights: Floats
    numbers: OnItsWay
    norms: OnItsWay | None  # of the tensors of which there is only a sample

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "Taken | None":
        """A sample of these, spread over each; None where there is nothing in them."""
        most = max(LEAST, min(MOST, MOST_VALUES // max(len(tensors), 1)))
        parts = {name: some(tensor, most) for name, tensor in tensors.items()}
        parts = {name: part for name, part in parts.items() if part.numel()}
        if not parts:
            return None
        sizes = [part.numel() for part in parts.values()]
        whole = [flat(tensors[name]) for name in parts]
        large = [t for t, size in zip(whole, sizes, strict=True) if t.numel() > size]
        return cls(
            names=tuple(parts),
            sizes=sizes,
            weights=np.array([t.numel() for t in whole], np.float64) / sizes,
            numbers=send(_joined(list(parts.values()))),
            norms=send(_joined(_norms(large))) if large else None,
        )

    @property
    def here(self) -> bool:
        """Whether its numbers have come."""
        return self.numbers.here and (self.norms is None or self.norms.here)

    def segments(self) -> Segments:
        """The numbers, by tensor."""
        return Segments.of(self.numbers.array(), self.sizes)

    def squares(self, found: Segments) -> Floats:
        """The squared norm of each tensor."""
        if self.norms is None:
            return found.squares
        return np.where(self.weights > 1, self._filled(), found.squares)

    def _filled(self) -> Floats:
        assert self.norms is not None
        squares = np.zeros(len(self.names))
        squares[self.weights > 1] = self.norms.array() ** 2
        return squares


def _norms(tensors: list[Tensor]) -> list[Tensor]:
    lengths = torch._foreach_norm(tensors, 2, dtype=torch.float32)
    return [length.reshape(1) for length in lengths]


def _joined(parts: list[Tensor]) -> Tensor:
    device = parts[0].device
    if any(part.device != device for part in parts):  # a model over several devices
        parts = [part.cpu() for part in parts]
    return torch.cat(parts)


@dataclass(slots=True)
class Gradients:
    """The gradients of one step, and of the step before where that was looked at."""

    taken: Taken
    step: int
    rows: int  # that the gradient is averaged over

    def row(self, before: "Gradients | None") -> Row:
        """`grad_*`, whole and by parameter."""
        found = self.taken.segments()
        with np.errstate(all="ignore"):
            squares = self.taken.squares(found)
            norms = np.sqrt(squares)
            columns = {
                "grad_norm": norms,
                "grad_mean": found.means,
                "grad_std": found.deviations,
                "grad_zeros": found.zeros,
            }
            names = ["grad_norm"]
            numbers = [np.sqrt(squares.sum())]
            missing = 1 - found.finite
            if missing.any():
                names.append("grad_nonfinite")
                numbers.append(_mean(missing, self.taken))
                columns["grad_nonfinite"] = missing
            if before is not None and before.follows(self):
                alike = self._alike(before, found)
                names += alike
                numbers += alike.values()
                columns["grad_cosine"] = self._cosines(before, found)
        return _row(names, numbers, columns, self.taken.names)

    def follows(self, other: "Gradients") -> bool:
        """Whether the other is of the very next step, over the same parameters."""
        same = self.taken.names == other.taken.names
        return (
            same
            and self.taken.sizes == other.taken.sizes
            and (self.step + 1 == other.step)
        )

    def _products(self, before: "Gradients", found: Segments) -> Floats:
        return found.sums(found.numbers * before.taken.segments().numbers)

    def _cosines(self, before: "Gradients", found: Segments) -> Floats:
        lengths = np.sqrt(found.squares * before.taken.segments().squares)
        return np.nan_to_num(self._products(before, found) / lengths)

    def _alike(self, before: "Gradients", found: Segments) -> dict[str, float]:
        """The cosine of two successive gradients, and the noise scale they tell.

        Two batches of B samples each give g₁ and g₂ with E[g₁·g₂] = |G|² and
        E[|g|²] = |G|² + tr(Σ)/B, and so the simple noise scale tr(Σ)/|G|² of
        McCandlish et al. (2018), An empirical model of large-batch training, eq. 2.9.
        """
        weights = self.taken.weights
        earlier = float((before.taken.segments().squares * weights).sum())
        product = float((self._products(before, found) * weights).sum())
        own = float((found.squares * weights).sum())
        if not own * earlier > 0:
            return {}
        said = {"grad_cosine": product / (own * earlier) ** 0.5}
        noise = (own + earlier) / 2 - product
        if product > 0 and noise > 0 and self.rows:
            said["grad_noise_scale"] = self.rows * noise / product
        return said


class Updates:
    """What one step of one optimizer changes, seen just before and just after it."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        # A bias starts at zero, where a change relative to it says nothing.
        self._wide = {name: w for name, w in weights.items() if w.ndim > 1}
        self._before = Taken.of(self._wide)
        self._after: Taken | None = None

    def close(self) -> None:
        """The optimizer has stepped."""
        self._after = Taken.of(self._wide)
        self._wide = {}

    @property
    def taken(self) -> tuple[Taken | None, Taken | None]:
        """The weights before and after."""
        return self._before, self._after

    def row(self, *, moved: bool = True) -> Row:
        """`weight_norm` and, where it could be seen, `update_ratio`."""
        if self._before is None or self._after is None:
            return (), np.zeros(0)
        before, after = self._before.segments(), self._after.segments()
        weights = self._before.weights
        with np.errstate(all="ignore"):
            squares = self._before.squares(before)
            sampled = before.squares * weights
            names, numbers = ["weight_norm"], [np.sqrt(squares.sum())]
            columns = {"weight_norm": np.sqrt(squares)}
            if moved and before.numbers.shape == after.numbers.shape:
                change = after.numbers - before.numbers
                changes = before.sums(change * change) * weights
                ratios = np.sqrt(changes / sampled)
                columns["update_ratio"] = np.where(sampled > 0, ratios, np.nan)
                if sampled.sum() > 0:
                    names.append("update_ratio")
                    numbers.append(np.sqrt(changes.sum() / sampled.sum()))
        return _row(names, numbers, columns, self._before.names)


def _mean(shares: Floats, taken: Taken) -> float:
    whole = taken.weights * taken.sizes
    return float((shares * whole).sum() / whole.sum())


_names: dict[tuple[tuple[str, ...], ...], tuple[str, ...]] = {}


def _row(
    names: Sequence[str],
    numbers: Sequence[float],
    columns: Mapping[str, Floats],
    places: tuple[str, ...],
) -> Row:
    """Whole numbers, then a number a place of each column; none that is missing."""
    key = (tuple(names), tuple(columns), places)
    full = _names.get(key)
    if full is None:
        by_place = [f"{name}@{place}" for name in columns for place in places]
        full = _names[key] = (*names, *by_place)
    said = np.concatenate([np.array(numbers, np.float64), *columns.values()])
    if "update_ratio" in columns and np.isnan(said).any():
        return _without(full, said)
    return full, said


def _without(names: tuple[str, ...], numbers: Floats) -> Row:
    """The row without the ratios of weights that are all zero."""
    keep = [
        not (n.startswith("update_ratio@") and np.isnan(v))
        for n, v in zip(names, numbers, strict=True)
    ]
    return tuple(n for n, k in zip(names, keep, strict=True) if k), numbers[keep]
