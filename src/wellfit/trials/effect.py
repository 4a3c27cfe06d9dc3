"""How large an effect is, and how sure that is, from pairs of runs.

Runs of a pair share seeds and data, so that what they differ in is the change. Pairs
are added one at a time, and each time it is looked whether it is decided. A usual
interval would be wrong too often then: looked at after each of forty pairs, one of t
at 95 % finds something in 32 % of what is nothing. And losses of trainings that break
are of no known distribution: one in ten may be a thousand times the others. So the
*median* improvement is judged, by signs alone, and by a *confidence sequence*, which
holds at every look at once.

Were m the median, each improvement would be above it with a chance of one half. A bet
that it is so more often (or more seldom), at fair odds, multiplies its stake 20 times
with a chance of 1 in 20 at most, however often one looks (Ville's inequality). The m
against which it has not are the interval: Howard and Ramdas (2022), Sequential
estimation of quantiles; Ramdas et al. (2023), Game-theoretic statistics.
"""

from collections.abc import Sequence
from functools import cache
from math import exp, inf, isnan, lgamma, log

from wellfit.core.verdict import Effect

LEVEL = 0.05
# The bet is on a share of wins drawn from this Beta distribution, or its mirror image:
# a remedy that is worth it helps nearly every run. Six wins of six then decide.
OFTEN, SELDOM = 5.0, 0.5


def gains_of(
    control: Sequence[float], treated: Sequence[float], *, greater_is_better: bool
) -> list[float]:
    """The improvement of each pair; a run without a number (NaN) is worse than any."""
    sign = 1.0 if greater_is_better else -1.0
    pairs = zip(control, treated, strict=True)
    return [_gain(sign * before, sign * after) for before, after in pairs]


def _gain(before: float, after: float) -> float:
    if isnan(before) and isnan(after):
        return 0.0
    if isnan(before):
        return inf
    return -inf if isnan(after) else after - before


def effect_of(gains: Sequence[float]) -> Effect | None:
    """The median improvement and its interval; None without pairs.

    >>> effect_of([0.3, 0.1, 0.4, 0.1, 0.5, 0.9])
    Effect(median=0.35, low=0.1, high=0.9)
    """
    if not len(gains):
        return None
    ordered = sorted(gains)
    pairs = len(ordered)
    least = against(pairs)  # so many on one side speak against a median beyond them
    low = -inf if least is None else ordered[pairs - least]
    high = inf if least is None else ordered[least - 1]
    middle = ordered[(pairs - 1) // 2], ordered[pairs // 2]
    median = middle[0] if middle[0] == middle[1] else (middle[0] + middle[1]) / 2
    return Effect(median=float(median), low=float(low), high=float(high))


@cache
def against(pairs: int) -> int | None:
    """How many wins of so many pairs decide; None where not even all of them do.

    >>> [against(n) for n in (5, 6, 8, 12, 20, 30)]
    [None, 6, 8, 11, 17, 24]
    """
    decide = (n for n in range(pairs + 1) if 2 * n > pairs)
    return next((n for n in decide if stake(n, pairs - n) >= 1 / LEVEL), None)


def stake(wins: int, losses: int) -> float:
    """What a stake of 1 has become, after so many wins and losses."""
    count = wins + losses
    sides = ((OFTEN, SELDOM), (SELDOM, OFTEN))
    logs = [
        count * log(2) + _log_beta(a + wins, b + losses) - _log_beta(a, b)
        for a, b in sides
    ]
    return 0.5 * sum(map(exp, logs))


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
