import bisect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.core.histogram import BINS, EDGES, Histogram, counts_by, counts_of

FLOATS = st.lists(st.floats(width=32) | st.sampled_from(EDGES.tolist()), max_size=60)


def slow(numbers):
    """The obvious twin: each number by itself, found among the edges."""
    counts = [0] * BINS
    for number in map(float, np.array(numbers, np.float32)):
        if not math.isnan(number):
            side = bisect.bisect_right if number > 0 else bisect.bisect_left
            counts[side(EDGES.tolist(), number)] += 1
    return counts


def test_the_edges_are_signed_powers_of_four():
    assert len(EDGES) == 50
    assert EDGES.tolist() == sorted(EDGES.tolist())
    assert EDGES[25:].tolist() == [4.0**k for k in range(-16, 9)]
    assert EDGES[:25].tolist() == (-EDGES[:24:-1]).tolist()


@settings(deadline=None)
@given(FLOATS)
def test_every_number_is_counted_where_the_slow_twin_counts_it(numbers):
    assert counts_of(np.array(numbers, np.float32)).tolist() == slow(numbers)


@settings(deadline=None)
@given(st.lists(FLOATS, max_size=6))
def test_many_samples_are_counted_as_each_by_itself(samples):
    flat = np.array([x for sample in samples for x in sample], np.float32)
    offsets = np.cumsum([0, *map(len, samples)])
    assert counts_by(flat, offsets).tolist() == [slow(sample) for sample in samples]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64])
def test_other_numbers_are_taken_as_float32(kind):
    sample = np.array([[0, 1, 2], [4, -1, -5]], kind)
    assert counts_of(sample).tolist() == slow(sample.ravel())
    assert counts_of(sample.T[::2]).tolist() == slow(sample.T[::2].ravel())


def test_beyond_float32_is_beyond_the_last_edge():
    assert counts_of(np.array([1e300, -1e300]))[[0, -1]].tolist() == [1, 1]


def test_a_histogram_is_read_only():
    made = Histogram(name="a", steps=np.arange(2), counts=np.zeros((2, 51), np.int64))
    assert len(made) == 2
    with pytest.raises(ValueError, match="read-only"):
        made.counts[0, 0] = 1
