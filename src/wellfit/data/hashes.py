"""Hashes of 64 bits, a number's worth of work each."""

import numpy as np
from numpy.typing import NDArray

GOLDEN = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: SplitMix64's stride

Hashes = NDArray[np.uint64]


def mixed(bits: Hashes) -> Hashes:
    """SplitMix64's finish (Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        x = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(x ^ (x >> np.uint64(31)), dtype=np.uint64)
