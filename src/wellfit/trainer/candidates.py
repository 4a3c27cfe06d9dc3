"""The models that a table is tried with."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from wellfit.models.model import Model


def _trivial(classes: int, seed: int) -> Model:
    from wellfit.models.trivial import Trivial

    return Trivial(classes=classes)


def _linear(classes: int, seed: int) -> Model:
    from wellfit.models.linear import Linear

    return Linear(classes=classes)


def _lightgbm(classes: int, seed: int) -> Model:
    from wellfit.models.lightgbm import LightGbm

    return LightGbm(classes=classes, seed=seed)


def _mlp(classes: int, seed: int) -> Model:
    from wellfit.models.mlp import Mlp
    from wellfit.trainer.tabular import fit_network

    return Mlp(classes=classes, loop=fit_network, seed=seed)


# From the simplest to the most complex: of equals the first is taken.
CANDIDATES: Mapping[str, tuple[Callable[[int, int], Model], tuple[str, ...]]] = {
    "trivial": (_trivial, ()),
    "linear": (_linear, ("skops",)),
    "lightgbm": (_lightgbm, ("lightgbm",)),
    "mlp": (_mlp, ("torch", "safetensors")),
}


def candidate(name: str, *, classes: int, seed: int) -> Model:
    """The candidate of that name, for so many classes (0: for a number)."""
    make, _ = CANDIDATES[name]
    return make(classes, seed)


def lacking(name: str) -> tuple[str, ...]:
    """The libraries that this candidate needs and that are not installed."""
    _, needed = CANDIDATES[name]
    return tuple(library for library in needed if find_spec(library) is None)
