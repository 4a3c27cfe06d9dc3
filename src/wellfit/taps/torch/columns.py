"""Signals of several looks, side by side."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.tap import Records

Floats = NDArray[np.float64]


class Columns:
    """A name and a number a look for each signal; `partial` ones lack some (NaN)."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._numbers: list[Floats] = []
        self._partial: list[bool] = []

    def add(self, name: str, numbers: Floats, *, partial: bool = False) -> None:
        """A signal of the whole run: numbers (looks)."""
        self._put([name], numbers[:, None], partial)

    def add_by_place(
        self,
        name: str,
        places: Sequence[str],
        numbers: Floats,
        *,
        partial: bool = False,
    ) -> None:
        """A signal of each place: numbers (looks × places)."""
        self._put([f"{name}@{place}" for place in places], numbers, partial)

    def _put(self, names: list[str], numbers: Floats, partial: bool) -> None:
        self._names += [f"train/{name}" for name in names]
        self._numbers.append(numbers)
        self._partial += [partial] * len(names)

    def write(
        self, records: Records, steps: Sequence[int], but: Sequence[set[str]]
    ) -> None:
        """Record them; but not those in `but`, a set a look, which are known better."""
        if not self._names:
            return
        numbers = np.concatenate(self._numbers, axis=1)
        missing = np.isnan(numbers) & np.array(self._partial)
        places = {name: place for place, name in enumerate(self._names)}
        for look, known in enumerate(but):
            missing[look, [places[n] for n in known if n in places]] = True
        names = tuple(self._names)
        whole = ~missing.any(axis=1)
        for look, step in enumerate(steps):
            if whole[look]:
                records.values(step, names, numbers[look].tolist())
                continue
            kept = np.flatnonzero(~missing[look])
            some = tuple([names[k] for k in kept])
            if some:
                records.values(step, some, numbers[look, kept].tolist())
