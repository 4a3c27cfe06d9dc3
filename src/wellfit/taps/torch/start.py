"""What the weights were like before the first step: drawn, trained, or all the same."""

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from wellfit.taps.torch.numbers import OnItsWay, local, send, spread, whole
from wellfit.taps.torch.parameters import joined

SAMPLE = 512  # values of a tensor
LEAST = 64  # of them, to tell a uniform distribution
MOST_VALUES = 1 << 17  # of all tensors
# An even distribution has a kurtosis of 9/5 and ends √3 standard deviations from its
# middle; trained weights have heavier tails (a normal one: 3, and no end).
EVEN = (1.6, 2.0)
REACH = 1.85
ROWS = 64  # values of a unit that are compared with another's


class Start:
    """Samples of the weights, taken once; of constant ones it is seen how they go on.

    Units that begin alike get the same gradient, and stay alike for good.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._sizes: list[int] = []
        self._numbers: OnItsWay | None = None
        self._constant: dict[str, float] | None = None
        self._drawn: list[str] = []
        self._inputs: list[int] = []  # of a unit of each
        self._gains: dict[str, float] = {}
        self._followed: dict[str, weakref.ref[Tensor]] = {}
        self._alike: dict[str, OnItsWay] = {}

    def meet(self, parameters: Mapping[str, Tensor]) -> None:
        """Take a sample of each; nothing was stepped yet."""
        wide = {n: p for n, p in parameters.items() if p.ndim > 1 and p.numel()}
        most = min(SAMPLE, max(LEAST, MOST_VALUES // max(len(wide), 1)))
        parts = [spread(whole(p), most) for p in wide.values()]
        self._names, self._sizes = list(wide), [len(part) for part in parts]
        self._numbers = send(joined(parts).float()) if parts else None
        self._inputs = [p.numel() // max(len(p), 1) for p in wide.values()]
        self._constant, self._alike = None, {}
        self._followed = {n: weakref.ref(p) for n, p in wide.items() if len(p) > 1}

    def look(self) -> None:
        """A step was looked at: are units that began alike still so?"""
        if self._constant is None:
            if self._numbers is None or not self._numbers.here:
                return
            self._tell()
        for name in list(self._followed):
            weight = self._followed[name]()
            if weight is not None and not weight.is_sparse:
                here = local(weight.detach())
                rows = here.reshape(len(here), -1)[:, :ROWS]
                self._alike[name] = send((rows[:1] == rows).all().clone())

    def _tell(self) -> None:
        """Work the samples out."""
        assert self._numbers is not None
        numbers = self._numbers.array().astype(np.float64)
        self._constant, self._drawn, self._gains = {}, [], {}
        ends = np.cumsum(self._sizes)[:-1]
        parts = np.split(numbers, ends)
        for name, inputs, part in zip(self._names, self._inputs, parts, strict=True):
            self._gains[name] = float(np.sqrt(inputs * np.mean(part * part)))
            if len(part) > 1 and part.min() == part.max():
                self._constant[name] = float(part[0])
            elif _even(part):
                self._drawn.append(name)
        self._followed = {
            n: w for n, w in self._followed.items() if n in self._constant
        }

    def fact(self) -> dict[str, Any] | None:
        """The fact `start`, as far as it is known by now."""
        if self._numbers is None:
            return None
        if self._constant is None:
            self._tell()
        return {
            "constant": self._constant,
            "drawn": self._drawn,
            "gains": self._gains,
            "alike": [n for n, still in self._alike.items() if still.array().item()],
        }


def _even(part: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    """Whether these come from a uniform distribution: what PyTorch draws weights of."""
    square = float(np.mean(part * part))
    if len(part) < LEAST or not square > 0 or not np.isfinite(square):
        return False
    kurtosis = float(np.mean(part**4)) / square**2
    return (
        EVEN[0] < kurtosis < EVEN[1] and float(np.abs(part).max()) < REACH * square**0.5
    )
