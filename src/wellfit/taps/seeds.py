"""Seeds that a script sets, moved by a number of ours: even a literal one varies.

The same number gives the same run again, another one another: also of a script that
sets its seeds itself, and of one that sets none. Number 0 leaves seeds as they are set.
"""

import os
import random
import sys
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from operator import index
from types import ModuleType
from typing import Any

from wellfit.taps.imports import OnImport
from wellfit.taps.patches import Patches

ORDERS = 3


def moved(seed: Any, number: int) -> Any:
    """The seed that takes the place of one; only whole numbers and texts are moved.

    >>> moved(7, 0), moved(None, 3), moved(7, 3) == moved(7, 3) != moved(8, 3)
    (7, None, True)
    """
    if number == 0 or isinstance(seed, bool):
        return seed
    if not isinstance(seed, str | bytes):
        try:
            seed = index(seed)
        except TypeError:  # None, say: of the clock
            return seed
    digest = blake2b(f"{number}:{seed!r}".encode(), digest_size=4).digest()
    return int.from_bytes(digest)


def environment_of(seed: int) -> dict[str, str]:
    """That of a process with the seed: the order of sets hangs on it before it starts.

    Of few orders one, so that trials of several seeds can be forked off one process.
    Where it is set already, it stays.
    """
    return {"PYTHONHASHSEED": str(seed % ORDERS), **os.environ}


class Seeds:
    """Moves the seeds of Python, NumPy and PyTorch by a `number`, as they are loaded.

    What was never seeded begins from the number too, and not from the clock.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._patches = Patches()

    @property
    def known(self) -> dict[str, Callable[[ModuleType], None]]:
        """Module → what to do with it once it has been loaded."""
        return {"random": self._python, "numpy": self._numpy, "torch": self._torch}

    def attach(self) -> None:
        """Move all seeds from now on."""
        for name, patch in self.known.items():
            if name in sys.modules:
                patch(sys.modules[name])
            else:
                then = partial(self._loaded, name, patch)
                sys.meta_path.insert(0, OnImport(name, then))

    def restore(self) -> None:
        """Put back what was replaced."""
        self._patches.restore()

    @staticmethod
    def _loaded(name: str, patch: Callable[[ModuleType], None]) -> None:
        patch(sys.modules[name])

    def _seeding(self, original: Any, *, place: int = 0) -> Any:
        """A function whose seed, the `place`-th argument or `seed`, is moved."""

        def seeded(*args: Any, **kwargs: Any) -> Any:
            if len(args) > place:
                own = moved(args[place], self._number)
                args = (*args[:place], own, *args[place + 1 :])
            elif "seed" in kwargs:
                kwargs = {**kwargs, "seed": moved(kwargs["seed"], self._number)}
            return original(*args, **kwargs)

        return seeded

    def _python(self, module: ModuleType) -> None:
        module.seed(self._first)
        self._patches.replace(module, "seed", self._seeding)
        method = partial(self._seeding, place=1)
        self._patches.replace(random.Random, "seed", method)

    def _numpy(self, module: ModuleType) -> None:
        module.random.seed(self._first)
        for name in ("seed", "default_rng"):
            self._patches.replace(module.random, name, self._seeding)
        kept, number = module.random.RandomState, self._number
        self._patches.put(module.random, "RandomState", _random_state(kept, number))

    def _torch(self, module: ModuleType) -> None:
        module.manual_seed(self._first)
        for owner, name in (
            (module, "manual_seed"),
            (module.random, "manual_seed"),
            (module.cuda, "manual_seed"),
            (module.cuda, "manual_seed_all"),
        ):
            self._patches.replace(owner, name, self._seeding)
        kept, number = module.Generator, self._number
        self._patches.put(module, "Generator", _generator(kept, number))

    @property
    def _first(self) -> int:
        """What is begun from, where the script seeds nothing."""
        return int(moved(0, self._number))


def _taken_for(original: type[Any]) -> type[type]:
    """A metaclass whose classes take every object of the original for their own."""

    class Taken(type(original)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, original)

    return Taken


def _random_state(original: type[Any], number: int) -> type[Any]:
    class RandomState(original, metaclass=_taken_for(original)):  # type: ignore[misc, metaclass]
        def __init__(self, seed: Any = None) -> None:
            super().__init__(moved(seed, number))

        def seed(self, seed: Any = None) -> None:
            super().seed(moved(seed, number))

    return RandomState


def _generator(original: type[Any], number: int) -> type[Any]:
    class Generator(original, metaclass=_taken_for(original)):  # type: ignore[misc, metaclass]
        def manual_seed(self, seed: int) -> Any:
            return super().manual_seed(moved(seed, number))

    return Generator
