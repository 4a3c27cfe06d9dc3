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
from typing import Any, TypeVar

import numpy as np
import torch  # noqa: TID253
from numpy.typing import NDArray

GOLDEN = 0x9E3779B97F4A7C15
MASK = 2**64 - 1
Bits = TypeVar("Bits", int, NDArray[Any])  # 64 of them, without a sign


def mixed(*numbers: int) -> int:
    """A seed of 63 bits that any change of any of the numbers changes.

    >>> mixed(0, 1) != mixed(1, 0) != mixed(0, 1, 0)
    True
    """
    found = 0
    for number in numbers:
        found = _hashed((found + number + GOLDEN) & MASK)
    return found >> 1


def _hashed(bits: Bits) -> Bits:
    """The finaliser of SplitMix64: Steele, Lea and Flood (2014), figure 17."""
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
    hashed: Bits = bits ^ (bits >> 31)
    return hashed


class Draws:
    """Random numbers for a batch: each row has a stream of its own.

    A row's numbers are the same in whatever batch it stands.
    """

    def __init__(self, seed: int, epoch: int, rows: torch.Tensor) -> None:
        indices = rows.cpu().numpy().astype(np.uint64)
        self._seeds = _hashed(indices * GOLDEN + mixed(seed, epoch))
        self._drawn = 0

    def uniform(self, *shape: int) -> torch.Tensor:
        """Numbers in [0, 1): rows by `shape`, float32."""
        count = math.prod(shape)
        places = np.arange(self._drawn + 1, self._drawn + count + 1, dtype=np.uint64)
        self._drawn += count
        bits = _hashed(self._seeds[:, None] + places[None, :] * GOLDEN)
        numbers = (bits >> 40).astype(np.float32) * np.float32(2.0**-24)
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
def borrowed() -> Iterator[None]:
    """The host's generators may be seeded within; they are put back as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    before = torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(before)


def generators(device: str = "cpu") -> dict[str, Any]:
    """The states of the global generators: tensors and plain data."""
    version, numbers, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": [version, torch.from_numpy(np.array(numbers)), gauss],
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
