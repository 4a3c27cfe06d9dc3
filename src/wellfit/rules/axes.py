"""A hyperparameter as an axis: its values in order, on the scale that suits them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from wellfit.rules.attempts import Sweep, Values

DECADE = 8.0  # the ratio of greatest and least from which on values are on a log scale
# What is never above 1 by nature, where its values are spread like a rate's.
FRACTION = re.compile(
    r"drop|sample|momentum|beta|ratio|frac|share|features|smooth|mixup|percent|prob",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """One numeric hyperparameter of a sweep.

    `values` are of the attempts, NaN where one has no number there (or a zero on a log
    scale); `places` are the same from 0 (the least) to 1 (the greatest).
    """

    name: str
    values: Values
    places: Values
    logarithmic: bool

    @property
    def distinct(self) -> Values:
        """The values that were tried, in rising order."""
        return np.unique(self.values[np.isfinite(self.values)])

    def bound(self, *, upper: bool) -> bool:
        """Whether the end of the range is the end of what is possible."""
        end = self.distinct[-1 if upper else 0]
        if upper:
            fraction = not self.logarithmic or FRACTION.search(self.name) is not None
            return bool(end == 1 and self.distinct[0] >= 0 and fraction)
        whole = bool(np.all(self.distinct == np.round(self.distinct)))
        return bool(end == 0 or (whole and end == 1))


def axes_of(sweep: Sweep) -> tuple[Axis, ...]:
    """The hyperparameters of a sweep that vary and are numbers."""
    return tuple(_axes(sweep))


def _axes(sweep: Sweep) -> Iterator[Axis]:
    for name in sweep.names:
        given = [a.settings.get(name) for a in sweep.attempts]
        values = np.array([v if isinstance(v, float) else np.nan for v in given])
        known = np.isfinite(values)
        if known.mean() < 0.8 or len(np.unique(values[known])) < 2:
            continue
        positive = values[known & (values > 0)]
        least_is_zero = bool(np.all(values[known] >= 0)) and len(positive) > 1
        log = least_is_zero and bool(positive.max() / positive.min() >= DECADE)
        yield _axis(name, values, log)


def _axis(name: str, values: Values, log: bool) -> Axis:
    if log:
        values = np.where(values > 0, values, np.nan)
    scaled = np.log(values) if log else values
    low, high = np.nanmin(scaled), np.nanmax(scaled)
    places = (scaled - low) / (high - low)
    return Axis(name=name, values=values, places=places, logarithmic=log)


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """The best that was reached at each value of a hyperparameter, in rising order.

    `repeats` is how many seeds each of them is the mean of.
    """

    values: Values
    places: Values
    skills: Values
    scores: Values
    repeats: Values

    def errors(self, noise: float) -> Values:
        """The standard error of each, where that of one attempt is `noise`."""
        return np.asarray(noise / np.sqrt(self.repeats))


def profile_of(sweep: Sweep, axis: Axis) -> Profile:
    """Of each value the best over all other settings, each the mean of its seeds."""
    best: dict[float, tuple[float, float, float, float]] = {}
    place = {id(a): p for a, p in zip(sweep.attempts, axis.places, strict=True)}
    for group in sweep.groups().values():
        value, where = group[0].settings.get(axis.name), place[id(group[0])]
        if not isinstance(value, float) or not np.isfinite(where):
            continue
        skill = float(np.mean([a.skill for a in group]))
        score = float(np.mean([a.score for a in group]))
        if value not in best or skill > best[value][1]:
            best[value] = (float(where), skill, score, float(len(group)))
    table = np.array([best[value] for value in sorted(best)])
    return Profile(
        values=np.array(sorted(best)),
        places=table[:, 0],
        skills=table[:, 1],
        scores=table[:, 2],
        repeats=table[:, 3],
    )


def slope(places: Values, skills: Values, errors: Values) -> tuple[float, float]:
    """The slope of a line through the points, and its standard error."""
    weights = 1 / np.maximum(errors, 1e-12) ** 2
    middle = float(np.average(places, weights=weights))
    apart = places - middle
    width = float(np.sum(weights * apart**2))
    rise = float(np.sum(weights * apart * skills)) / width
    return rise, 1 / sqrt(width)
