"""Generators that a data set holds itself, beside the global ones."""

import random
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch  # noqa: TID253

from wellfit.trainer.randomness import mixed

Generator = np.random.Generator | np.random.RandomState | random.Random
Held = Generator | torch.Generator
DEEPEST = 10  # attributes of attributes that are looked into
MOST = 64  # items of a list: of many more it is data, and no chain of transforms


def held_in(data: object) -> tuple[Held, ...]:
    """The generators among its attributes, and in the modules that its parts are of.

    In the order in which they are found, which is the same in every process.
    """
    found: dict[int, Held] = {}
    seen: set[int] = set()
    _look(data, found, seen, DEEPEST)
    return tuple(found.values())


def seed_held(held: tuple[Held, ...], seed: int) -> None:
    """Seed each of them, one otherwise than the other."""
    for number, generator in enumerate(held, start=1):
        own = mixed(seed, number)
        if isinstance(generator, torch.Generator):
            generator.manual_seed(own)
        elif isinstance(generator, np.random.Generator):
            bits = generator.bit_generator
            bits.state = type(bits)(own).state
        else:
            generator.seed(own % 2**32)


def _look(of: object, found: dict[int, Held], seen: set[int], depth: int) -> None:
    if isinstance(of, Held):
        found.setdefault(id(of), of)
        return
    if id(of) in seen or not depth:
        return
    seen.add(id(of))
    for part in _parts(of):
        _look(part, found, seen, depth - 1)


def _parts(of: object) -> Iterator[object]:
    """What is looked into: attributes, and items of short lists."""
    if isinstance(of, Mapping):
        yield from list(of.values())[:MOST]
    elif isinstance(of, list | tuple):
        yield from of[:MOST]
    elif not isinstance(of, type | torch.Tensor | np.ndarray):
        module = sys.modules.get(getattr(type(of), "__module__", ""))
        if _is_own(module):
            yield from [v for v in vars(module).values() if isinstance(v, Held)]
        yield from getattr(of, "__dict__", {}).values()
        slots = [s for kind in type(of).__mro__ for s in _slots(kind)]
        yield from (getattr(of, slot) for slot in slots if hasattr(of, slot))


def _slots(kind: type) -> tuple[str, ...]:
    """Those that it declares itself; one may be a bare text."""
    said = vars(kind).get("__slots__", ())
    return (said,) if isinstance(said, str) else tuple(said)


def _is_own(module: Any) -> bool:
    """Whether it is a file of the user's, or of a library that holds no global ones."""
    name = getattr(module, "__name__", "").partition(".")[0]
    return bool(name) and name not in {"builtins", "numpy", "random", "torch"}
