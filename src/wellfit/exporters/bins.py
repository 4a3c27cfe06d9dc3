"""Histograms as most tools want them: counts between finite edges."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wellfit.core.histogram import EDGES, Histogram

# The outermost bins have no end: they are shown as wide as the scale's next power.
_EDGES = np.concatenate([[4 * EDGES[0]], EDGES, [4 * EDGES[-1]]])


class Bins(NamedTuple):
    """How many numbers (k) fell between edges (k + 1) at a step."""

    step: int
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


def bins(histogram: Histogram) -> Iterator[Bins]:
    """The histogram's steps, the empty bins at both ends left out; empty ones too."""
    for step, counts in zip(histogram.steps.tolist(), histogram.counts, strict=True):
        filled = np.flatnonzero(counts)
        if filled.size:
            low, high = int(filled[0]), int(filled[-1]) + 1
            yield Bins(step, counts[low:high], _EDGES[low : high + 1])
