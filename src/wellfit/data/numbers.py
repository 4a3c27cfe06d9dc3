"""Numbers as features: their gaps filled and their scales alike, by training rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellfit.core.recipe import Imputation, Scaling
from wellfit.data.features import Features, View

LARGEST = 1e150  # numbers beyond it, of either sign, are taken for it
FARTHEST = 1e30  # scales from the centre: single precision goes no further
BOUND = 3.0  # of what is bounded: smooth on the way there
HALF = 1.349  # deviations that the middle half of a normal distribution is wide

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """How a number is filled and scaled: `center` becomes 0, and a `scale` 1.

    `gaps` says whether training rows miss it; *bounded* ones never go beyond ±3.
    """

    name: str
    fill: float
    center: float
    scale: float
    gaps: bool
    bounded: bool = True


def learn_number(
    values: Numbers,
    name: str,
    *,
    scaling: Scaling = "bounded",
    imputation: Imputation = "median",
) -> Number:
    """What the values, which are of training rows, tell; NaN is a gap."""
    known = np.clip(values[~np.isnan(values)], -LARGEST, LARGEST)
    gaps, bounded = len(known) < len(values), scaling == "bounded"
    if not len(known):
        return Number(
            name=name, fill=0.0, center=0.0, scale=1.0, gaps=True, bounded=bounded
        )
    center, scale = SCALINGS[scaling](known)
    fill = _mean(known) if imputation == "mean" else float(np.median(known))
    return Number(
        name=name,
        fill=fill,
        center=center,
        scale=scale or 1.0,
        gaps=gaps,
        bounded=bounded,
    )


def _none(known: Numbers) -> tuple[float, float]:
    return 0.0, 1.0


def _min_max(known: Numbers) -> tuple[float, float]:
    return float(known.min()), float(np.ptp(known))


def _z_score(known: Numbers) -> tuple[float, float]:
    return _mean(known), _deviation(known)


def _robust(known: Numbers) -> tuple[float, float]:
    low, median, high = (float(q) for q in np.quantile(known, [0.25, 0.5, 0.75]))
    scale = (high - low) / HALF
    return median, scale if scale > 0 else _deviation(known)


SCALINGS: Mapping[Scaling, Callable[[Numbers], tuple[float, float]]] = {
    "none": _none,
    "min-max": _min_max,
    "z-score": _z_score,
    "robust": _robust,
    "bounded": _robust,
}


def _mean(known: Numbers) -> float:
    return float(np.mean(known / _size(known))) * _size(known)


def _deviation(known: Numbers) -> float:
    return float(np.std(known / _size(known))) * _size(known)


def _size(values: Numbers) -> float:
    return float(np.max(np.abs(values))) or 1.0


def number_features(
    rules: Iterable[Number],
    values: Iterable[Numbers],
    names: Iterable[str],
    view: View,
) -> Features:
    """The numbers, and beside each an indicator of its gaps if training rows have any.

    Trees get them as they are.
    """
    if view == "coded":
        return Features(x=np.column_stack(list(values)), names=tuple(names))
    columns: list[NDArray[np.float32]] = []
    called: list[str] = []
    for rule, x, name in zip(rules, values, names, strict=True):
        columns.append(scaled(rule, np.where(np.isnan(x), rule.fill, x)))
        called.append(name)
        if rule.gaps:
            columns.append(np.isnan(x).astype(np.float32))
            called.append(f"{name} is missing")
    return Features(x=np.column_stack(columns), names=tuple(called))


def scaled(rule: Number, x: Numbers) -> NDArray[np.float32]:
    """In scales from the centre; a gap stays one.

    A bounded number is nearly linear in the middle, and outliers keep their order:
    Holzmüller et al. (2024), Better by default, section 3.1.
    """
    z = standing(rule, x)
    if rule.bounded:
        return (z / np.hypot(1, z / BOUND)).astype(np.float32)
    return np.clip(z, -FARTHEST, FARTHEST).astype(np.float32)


def standing(rule: Number, x: Numbers) -> Numbers:
    """How many scales each value is from the centre."""
    bounded = np.clip(x, -LARGEST, LARGEST)
    with np.errstate(over="ignore"):  # of a scale of next to nothing
        return np.clip((bounded - rule.center) / rule.scale, -LARGEST, LARGEST)
