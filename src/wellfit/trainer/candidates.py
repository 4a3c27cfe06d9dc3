"""The models that a table is tried with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from wellfit.models.model import Model

FASTEST = 0.3  # learning rate: beyond, boosting overshoots


def _trivial(classes: int, seed: int) -> Model:
    from wellfit.models.trivial import Trivial

    return Trivial(classes=classes)


def _linear(classes: int, seed: int) -> Model:
    from wellfit.models.linear import Linear

    return Linear(classes=classes)


def _lightgbm(classes: int, seed: int, **settings: Any) -> Model:
    from wellfit.models.lightgbm import LightGbm

    return LightGbm(classes=classes, seed=seed, **settings)


def _xgboost(classes: int, seed: int, **settings: Any) -> Model:
    from wellfit.models.xgboost import XgBoost

    return XgBoost(classes=classes, seed=seed, **settings)


def _forest(classes: int, seed: int, **settings: Any) -> Model:
    from wellfit.models.forest import Forest

    return Forest(classes=classes, seed=seed, **settings)


def _mlp(classes: int, seed: int) -> Model:
    from wellfit.models.mlp import Mlp
    from wellfit.trainer.tabular import fit_network

    return Mlp(classes=classes, loop=fit_network, seed=seed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """How a model is made, and what that takes.

    `settings` are its own beside classes and seed. `needs` are the libraries, `extra`
    is what installs them. `cost` is how long a fit takes beside `lightgbm`'s, where
    that is known; `starting` are the seconds that its library takes to load.
    """

    make: Callable[..., Model]
    settings: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    extra: str = "tables"
    cost: float | None = None
    starting: float = 0.0
    share: float = 0.4

    def model(self, *, classes: int, seed: int, hurry: float = 1.0) -> Model:
        """The model, for so many classes (0: for a number).

        In a hurry of 2, boosting learns twice as fast, in about half the rounds.
        """
        made = self.make(classes, seed, **self.settings)
        rate = getattr(made, "learning_rate", None)
        if hurry == 1.0 or rate is None:
            return made
        return replace(made, learning_rate=min(FASTEST, rate * hurry))  # type: ignore[type-var]


_BOOSTED = partial(Candidate, make=_lightgbm, needs=("lightgbm",))
_GROWN = partial(Candidate, make=_forest)

# By what each is expected to gain for its time, from the simplest on: of equals the
# first is taken. Costs are estimates, by their rounds and leaves: what is seen of the
# first booster tells seconds.
CANDIDATES: Mapping[str, Candidate] = {
    "trivial": Candidate(make=_trivial),
    "linear": Candidate(make=_linear, share=0.1),
    "lightgbm": _BOOSTED(cost=1.0),
    "extra-trees": _GROWN(settings={"kind": "extra"}),
    "xgboost": Candidate(make=_xgboost, needs=("xgboost",), extra="boosting", cost=1.5),
    "lightgbm-small": _BOOSTED(
        settings={"learning_rate": 0.03, "leaves": 8, "features": 0.5, "least": 5},
        cost=1.5,
    ),
    "mlp": Candidate(make=_mlp, needs=("torch", "safetensors"), starting=6.0),
    "lightgbm-extra": _BOOSTED(settings={"extra": True, "l2": 1.0}, cost=2.0),
    "random-forest": _GROWN(settings={"kind": "random"}),
    "lightgbm-large": _BOOSTED(
        settings={"learning_rate": 0.03, "leaves": 96, "features": 0.6, "l2": 3.0},
        cost=4.0,
    ),
}


def candidate(name: str, *, classes: int, seed: int) -> Model:
    """The candidate of that name, for so many classes (0: for a number)."""
    return CANDIDATES[name].model(classes=classes, seed=seed)


def lacking(name: str) -> tuple[str, ...]:
    """The libraries that this candidate needs and that are not installed."""
    needed = CANDIDATES[name].needs
    return tuple(library for library in needed if find_spec(library) is None)


def drawn(seed: int) -> Iterator[tuple[str, Candidate]]:
    """Boosters of random settings, without end, each with a name of its own."""
    rng = np.random.default_rng(seed)
    with_xgboost = not lacking("xgboost")
    number = 0
    while True:
        number += 1
        yield f"lightgbm-{number}", _drawn_lightgbm(rng)
        if with_xgboost:
            yield f"xgboost-{number}", _drawn_xgboost(rng)


def _drawn_lightgbm(rng: np.random.Generator) -> Candidate:
    leaves = round(_between(rng, 4, 128))
    settings = {
        "learning_rate": _between(rng, 0.02, 0.1),
        "leaves": leaves,
        "features": rng.uniform(0.3, 1.0),
        "rows": rng.uniform(0.5, 1.0),
        "least": round(_between(rng, 2, 50)),
        "l2": _between(rng, 0.01, 10),
        "extra": bool(rng.random() < 0.3),
    }
    return _BOOSTED(settings=settings, cost=_cost(settings["learning_rate"], leaves))


def _drawn_xgboost(rng: np.random.Generator) -> Candidate:
    depth = int(rng.integers(3, 10))
    settings = {
        "learning_rate": _between(rng, 0.02, 0.1),
        "depth": depth,
        "features": rng.uniform(0.3, 1.0),
        "rows": rng.uniform(0.5, 1.0),
        "weight": _between(rng, 0.3, 20),
        "l2": _between(rng, 0.1, 10),
    }
    cost = _cost(settings["learning_rate"], 2 ** min(depth, 6))
    return replace(CANDIDATES["xgboost"], settings=settings, cost=1.5 * cost)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Drawn evenly on a scale of factors."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _cost(rate: float, leaves: int) -> float:
    """Of a fit, beside one at a rate of 0.05 with 31 leaves."""
    return (0.05 / rate) * (0.3 + 0.7 * leaves / 31)
