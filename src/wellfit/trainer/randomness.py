"""Randomness that can be taken up where it was left.

What is random of a sample is drawn from a hash of (seed, epoch, index): it depends
neither on the batch that the sample is in nor on who loads it, so that two numbers,
the epoch and the batch, are all there is to say of the place in a training's data.
What is drawn from the global generators (dropout) needs their states.
"""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch  # noqa: TID253
from numpy.typing import NDArray

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(*numbers: int) -> int:
    """A seed of 63 bits that any change of any of the numbers changes.

    >>> mixed(0, 1) != mixed(1, 0) != mixed(0, 1, 0)
    True
    """
    found = np.zeros(1, dtype=np.uint64)
    for number in numbers:
        found = _hashed(found + np.uint64(number % 2**64) + GOLDEN)
    return int(found[0] >> np.uint64(1))


def _hashed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: Steele, Lea and Flood (2014), figure 17."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


class Draws:
    """Random numbers for a batch: each row has a stream of its own.

    A row's numbers are the same in whatever batch it stands.
    """

    def __init__(self, seed: int, epoch: int, rows: torch.Tensor) -> None:
        start = np.uint64(mixed(seed, epoch))
        indices = rows.cpu().numpy().astype(np.uint64)
        self._seeds = _hashed(indices * GOLDEN + start)
        self._drawn = 0

    def uniform(self, *shape: int) -> torch.Tensor:
        """Numbers in [0, 1): rows by `shape`, float32."""
        count = math.prod(shape)
        places = np.arange(self._drawn + 1, self._drawn + count + 1, dtype=np.uint64)
        self._drawn += count
        bits = _hashed(self._seeds[:, None] + places[None, :] * GOLDEN)
        numbers = (bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
        return torch.from_numpy(numbers).reshape(len(self._seeds), *shape)

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal numbers: rows by `shape`, float32."""
        numbers: torch.Tensor = torch.special.ndtri(self.uniform(*shape) + 2.0**-25)
        return numbers


def seed_all(seed: int) -> None:
    """Seed the global generators of Python, NumPy and PyTorch, on every device."""
    seed_host(seed)
    torch.manual_seed(seed)


def seed_host(seed: int) -> None:
    """Seed those that a data set may draw from; a device's goes on undisturbed."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The host's generators seeded, and put back as they were."""
    before = generators()
    seed_host(seed)
    try:
        yield
    finally:
        restore_generators(before)


def generators(device: str = "cpu") -> dict[str, Any]:
    """The states of the global generators: tensors and plain data."""
    version, numbers, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": [version, torch.tensor(numbers), gauss],
        "numpy": [kind, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device != "cpu" else None,
    }


def restore_generators(states: dict[str, Any], device: str = "cpu") -> None:
    """Put the global generators into these states."""
    version, numbers, gauss = states["python"]
    kind, keys, *rest = states["numpy"]
    random.setstate((version, tuple(numbers.tolist()), gauss))
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if states["cuda"] is not None:
        torch.cuda.set_rng_state(states["cuda"], device)
