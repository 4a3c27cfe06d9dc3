"""The interval of an effect: beside its slow twin, and by how often it holds."""

from itertools import pairwise
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from wellfit.trials.effect import (
    LEVEL,
    OFTEN,
    SELDOM,
    against,
    effect_of,
    gains_of,
    stake,
)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (1, 0), (6, 0), (9, 4), (2, 7)])
def test_the_stake_is_the_mean_over_all_bets(wins, losses):
    def of(a, b):
        def bet(p):
            return (2 * p) ** wins * (2 * (1 - p)) ** losses * beta.pdf(p, a, b)

        return quad(bet, 0, 0.5)[0] + quad(bet, 0.5, 1)[0]

    expected = (of(OFTEN, SELDOM) + of(SELDOM, OFTEN)) / 2
    assert stake(wins, losses) == pytest.approx(expected, rel=1e-5)
    assert stake(wins, losses) == pytest.approx(stake(losses, wins))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=25, unique=True))
def test_the_interval_is_all_that_the_bets_leave(gains):
    found = effect_of(gains)
    edges = sorted(gains)
    between = [(a + b) / 2 for a, b in pairwise(edges)]
    tried = [edges[0] - 1, *between, edges[-1] + 1]
    left = [
        m
        for m in tried
        if m not in edges
        and stake(sum(g > m for g in gains), sum(g < m for g in gains)) < 1 / LEVEL
    ]
    inside = [m for m in tried if m not in edges and found.low < m < found.high]
    assert left == inside
    assert found.low <= found.median <= found.high
    assert found.median == np.median(gains)


@pytest.mark.parametrize("draw", ["standard_normal", "standard_cauchy"])
def test_looking_after_every_pair_finds_nothing_where_there_is_nothing(draw):
    rng = np.random.default_rng(0)
    gains = getattr(rng, draw)((2000, 40))
    wins = np.cumsum(gains > 0, axis=1)
    wrong = np.zeros(len(gains), dtype=bool)
    for n in range(1, 41):
        most = against(n) or n + 1
        wrong |= (wins[:, n - 1] >= most) | (n - wins[:, n - 1] >= most)
    assert wrong.mean() <= LEVEL


def test_what_helps_most_runs_is_found_whatever_the_size():
    rng = np.random.default_rng(0)
    needed = []
    for _ in range(200):
        gains = np.exp(3 * rng.normal(size=60)) * np.where(rng.random(60) < 0.95, 1, -1)
        low = (effect_of(gains[:n]).low for n in range(1, 61))
        needed.append(next(n for n, x in enumerate(low, start=1) if x > 0))
    assert np.median(needed) <= 8


def test_a_run_without_a_number_is_worse_than_any():
    gains = gains_of([0.5, nan, 0.6, nan], [0.9, 0.8, nan, nan], greater_is_better=True)
    assert gains == [pytest.approx(0.4), inf, -inf, 0.0]
    assert gains_of([0.5], [0.9], greater_is_better=False) == [pytest.approx(-0.4)]
    found = effect_of([inf] * 6)
    assert (found.median, found.low, found.high) == (inf, inf, inf)
    assert found.to_json() == {"median": None, "low": None, "high": None}


def test_few_pairs_tell_no_interval():
    assert effect_of([]) is None
    found = effect_of([1.0] * 5)
    assert (found.median, found.low, found.high) == (1.0, -inf, inf)
