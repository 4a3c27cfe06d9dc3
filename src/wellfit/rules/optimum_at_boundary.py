"""optimum-at-boundary"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.attempts import Sweep, Values, noise_of
from wellfit.rules.axes import Axis, Profile, axes_of, profile_of, slope
from wellfit.rules.sweep_rule import SweepRule
from wellfit.rules.sweeps import sweep_of


class Edge(NamedTuple):
    """A hyperparameter whose best value stands at the edge of what was tried."""

    axis: Axis
    upper: bool
    value: float  # the best, and the next one inwards, with their scores
    score: float
    inner: float
    inner_score: float
    gain: float  # of skill, over the last stretch
    surplus: float  # how far beyond what chance allows


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimumAtBoundary(SweepRule):
    """The best value of a hyperparameter is the last one that was tried.

    ## What it looks at
    The attempts of a search, or runs that differ in their hyperparameters. Of each
    numeric one: whether the best attempt stands at the least or the greatest value,
    and whether scores really rise towards it. On a grid by the best score at each
    value, against the noise that folds or seeds tell; in a random search by a quadratic
    surface over all hyperparameters, against what it leaves over. Values over more than
    a decade are taken by their logarithms.

    ## Why it hurts
    The optimum lies outside. The search has found the edge of its range, no more.

    ## Example
    >>> tried = [{"parameters": {"C": c}, "score": score, "std": 0.01}
    ...          for c, score in [(0.01, 0.4), (0.1, 0.6), (1, 0.8), (10, 0.9)]]
    >>> folds = {f"val/score@fold{f}": [t["score"] + off * (-1) ** i
    ...                                 for i, t in enumerate(tried)]
    ...          for f, off in enumerate([-0.01, 0.0, 0.01])}
    >>> run = Run.of(folds, facts={"search": {"metric": "accuracy", "best": 3,
    ...                                       "candidates": tried}})
    >>> print(OptimumAtBoundary().check([run]).summary)
    the best C is 10, the greatest tried (0.01 to 10), and accuracy still gets better
    towards it: 0.8 at 1, 0.9 at 10; search greater values too

    ## How it is told from its look-alikes
    Of five values the best of pure noise is at an edge in two of five searches: so the
    trend towards the edge must be beyond noise, and be divided by all edges that there
    are. Where scores have levelled off, nothing is to be had beyond. A weight decay of
    0, a depth of 1, a share of 1 are edges that nothing lies behind.

    ## What helps
    `widen-search`, in the direction that is named, by a factor of three to ten.

    ## When it is wrong
    Where the range was chosen because larger values are too slow, or too large.

    ## References
    Box and Wilson (1951), On the experimental attainment of optimum conditions.
    Godbole et al. (2023), Deep learning tuning playbook, "bad search space boundaries".
    Nadeau and Bengio (2003), Inference for the generalization error.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = ("widen-search",)
    alone: ClassVar = True

    level: float = 0.01  # of all edges together. Of 1000 sweeps of pure noise it speaks
    # on 0 (grids), 1 (random searches) and 5 (runs of three seeds), of 1000 with the
    # optimum within on 2, with the optimum outside on 909 and more (bench/sweeps.py)
    gain: float = 0.01  # of skill, over the last stretch: less is not worth a search
    values: int = 3  # fewer show no trend
    spare: int = 4  # attempts beyond what a surface takes: below it t is hardly bounded
    outer: float = 0.1  # of the range, which counts as the edge in a random search

    def check(self, runs: Sequence[Run]) -> Finding | NotChecked | None:
        """A finding where the search stopped on its way up."""
        sweep = sweep_of(runs)
        if sweep is None:
            return NotChecked(
                reason="neither a search nor runs with a validation score in common"
            )
        axes = [a for a in axes_of(sweep) if len(a.distinct) >= self.values]
        if not axes:
            return NotChecked(
                reason=f"no numeric hyperparameter with {self.values} values or more"
            )
        noise = noise_of(sweep)
        if noise is None and len(sweep.attempts) < 1 + 2 * len(axes) + self.spare:
            return NotChecked(
                reason=f"{len(sweep.attempts)} attempts, without folds or repeats, "
                "do not tell a trend from noise"
            )
        level = self.level / (2 * len(axes))
        scattered = noise is None or _is_scattered(sweep, axes)
        found = list(
            self._by_surface(sweep, axes, level)
            if scattered
            else self._by_profiles(sweep, axes, level)
        )
        return self._found(sweep, found) if found else None

    def _by_profiles(
        self, sweep: Sweep, axes: Sequence[Axis], level: float
    ) -> Iterator[Edge]:
        from scipy.stats import t

        noise = noise_of(sweep)
        assert noise is not None
        limit = float(t.ppf(1 - level, noise[1]))
        for axis in axes:
            for upper in (False, True):
                seen = _from_edge(profile_of(sweep, axis), upper)
                edge = self._rising(axis, seen, noise[0], limit, upper)
                if edge is not None:
                    yield edge

    def _rising(
        self, axis: Axis, seen: Profile, noise: float, limit: float, upper: bool
    ) -> Edge | None:
        """The edge, if the profile gets better up to it; it begins there."""
        if axis.bound(upper=upper) or int(np.argmax(seen.skills)) != 0:
            return None
        errors = np.maximum(seen.errors(noise), 1e-6)
        rise, error = slope(seen.places[:3], seen.skills[:3], errors[:3])
        rise = rise if upper else -rise
        gain = float(seen.skills[0] - seen.skills[1])
        if rise < limit * error or gain < max(self.gain, sqrt(2) * float(errors[0])):
            return None
        return Edge(
            axis=axis,
            upper=upper,
            value=float(seen.values[0]),
            score=float(seen.scores[0]),
            inner=float(seen.values[1]),
            inner_score=float(seen.scores[1]),
            gain=gain,
            surplus=rise / error / limit,
        )

    def _by_surface(
        self, sweep: Sweep, axes: Sequence[Axis], level: float
    ) -> Iterator[Edge]:
        from scipy.stats import t

        keep = np.all([np.isfinite(a.places) for a in axes], axis=0)
        design = np.column_stack(
            [np.ones(keep.sum()), *(p for a in axes for p in _powers(a.places[keep]))]
        )
        rows, columns = design.shape
        if rows < columns + self.spare:
            return
        skills = _clipped(sweep.skills[keep])
        found, *_ = np.linalg.lstsq(design, skills, rcond=None)
        freedom = rows - columns
        variance = float(np.sum((skills - design @ found) ** 2)) / freedom
        spread = variance * np.linalg.pinv(design.T @ design)
        limit = float(t.ppf(1 - level, freedom))
        for number, axis in enumerate(axes):
            for upper in (False, True):
                at = np.zeros(columns)
                at[1 + 2 * number : 3 + 2 * number] = [1.0, 2.0 if upper else 0.0]
                at = at if upper else -at
                rise, error = float(at @ found), sqrt(max(float(at @ spread @ at), 0))
                if rise > limit * max(error, 1e-9):
                    surplus = rise / max(error, 1e-9) / limit
                    edge = self._scattered(sweep, axis, upper, rise, surplus)
                    if edge is not None:
                        yield edge

    def _scattered(
        self, sweep: Sweep, axis: Axis, upper: bool, rise: float, surplus: float
    ) -> Edge | None:
        """The edge, if the best attempts stand at it."""
        far = 1 - axis.places if upper else axis.places
        order = [i for i in np.argsort(-sweep.skills) if np.isfinite(far[i])]
        gain = rise * self.outer
        at_edge = far[order[0]] <= self.outer and np.median(far[order[:3]]) <= 1 / 3
        if axis.bound(upper=upper) or not at_edge or gain < self.gain:
            return None
        inner = next((i for i in order if far[i] > self.outer), order[-1])
        return Edge(
            axis=axis,
            upper=upper,
            value=float(axis.values[order[0]]),
            score=sweep.attempts[order[0]].score,
            inner=float(axis.values[inner]),
            inner_score=sweep.attempts[inner].score,
            gain=gain,
            surplus=surplus,
        )

    def _found(self, sweep: Sweep, edges: Sequence[Edge]) -> Finding:
        edges = sorted(edges, key=lambda e: -e.gain)
        first = edges[0]
        return self.finding(
            _said(sweep, first)
            + (f"; so does {_others(edges[1:])}" if len(edges) > 1 else ""),
            confidence=0.9 if first.surplus > 1.5 else 0.75,
            where=[e.axis.name for e in edges],
            evidence=_evidence(sweep, edges),
        )


def _is_scattered(sweep: Sweep, axes: Sequence[Axis]) -> bool:
    """Whether values were drawn at random: hardly one was tried twice."""
    settings = len(sweep.groups())
    most = max(len(axis.distinct) for axis in axes)
    return len(axes) > 1 and most > settings / 2


def _from_edge(seen: Profile, upper: bool) -> Profile:
    turn = slice(None, None, -1) if upper else slice(None)
    return Profile(
        values=seen.values[turn],
        places=seen.places[turn],
        skills=seen.skills[turn],
        scores=seen.scores[turn],
        repeats=seen.repeats[turn],
    )


def _powers(places: Values) -> tuple[Values, Values]:
    return places, places**2


def _clipped(skills: Values) -> Values:
    """Failed attempts must not bend the surface where the good ones are."""
    middle, top = float(np.median(skills)), float(skills.max())
    return np.asarray(np.maximum(skills, middle - 2 * (top - middle)))


def _said(sweep: Sweep, edge: Edge) -> str:
    end, more = ("greatest", "greater") if edge.upper else ("least", "lower")
    low, high = edge.axis.distinct[[0, -1]]
    return (
        f"the best {edge.axis.name} is {edge.value:.3g}, the {end} tried ({low:.3g} to "
        f"{high:.3g}), and {sweep.metric} still gets better towards it: "
        f"{edge.inner_score:.3g} at {edge.inner:.3g}, {edge.score:.3g} at "
        f"{edge.value:.3g}; search {more} values too"
    )


def _others(edges: Sequence[Edge]) -> str:
    return ", ".join(
        f"{e.axis.name} at its {'greatest' if e.upper else 'least'}" for e in edges
    )


def _evidence(sweep: Sweep, edges: Sequence[Edge]) -> Iterator[Evidence]:
    for edge in edges:
        name, metric = edge.axis.name, sweep.metric
        yield Evidence(text=f"{metric} at {name} {edge.value:.3g}", value=edge.score)
        text = f"{metric} at {name} {edge.inner:.3g}"
        yield Evidence(text=text, value=edge.inner_score)
