"""Sums over many samples at once: arrays, cut into segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# What is left of a mean square, the squared mean taken away, is noise below this: sums
# of 2¹⁷ squares of float32 numbers are exact to about 2⁻⁵³ × √2¹⁷ = 4e-14.
CANCELLED = 1e-13


@dataclass(frozen=True, slots=False)
class Segments:
    """Numbers of several samples, one after the other, none of them empty.

    `numbers` is (looks × n), a row for each of several looks; `starts` has each
    sample's first place in a row. Everything that is asked for is (looks × samples),
    computed in a few passes over all of it: for a hundred small tensors a hundred
    times cheaper than one by one, and for a hundred looks once more.
    """

    numbers: Floats
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Floats], sizes: Sequence[int]) -> "Segments":
        """Looks of samples of these sizes."""
        ends = np.cumsum(np.asarray(sizes, np.int64))
        numbers = np.empty((len(rows), ends[-1]))
        for place, row in enumerate(rows):
            numbers[place] = row
        return cls(numbers, np.concatenate([[0], ends[:-1]]))

    def sums(self, values: NDArray[np.generic]) -> Floats:
        """The sum of `values`, shaped as the numbers, over each segment."""
        return np.add.reduceat(values, self.starts, axis=1, dtype=np.float64)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """How many numbers each has."""
        return np.diff(np.append(self.starts, self.numbers.shape[1]))

    @cached_property
    def squares(self) -> Floats:
        """The sum of the squares; not finite where a number is not."""
        return self.sums(self.numbers * self.numbers)

    @cached_property
    def finite(self) -> Floats:
        """The share of numbers that are finite."""
        if np.isfinite(self.squares).all():
            return np.ones(self.squares.shape)
        return self.sums(np.isfinite(self.numbers)) / self.sizes

    @cached_property
    def means(self) -> Floats:
        """The means."""
        return self.sums(self.numbers) / self.sizes

    @cached_property
    def deviations(self) -> Floats:
        """The standard deviations; zero where the squares tell of nothing else."""
        mean = self.means * self.means
        variance = self.squares / self.sizes - mean
        variance[variance < CANCELLED * mean] = 0.0
        return np.sqrt(variance)

    @cached_property
    def zeros(self) -> Floats:
        """The share of numbers that are exactly zero."""
        return self.sums(self.numbers == 0) / self.sizes
