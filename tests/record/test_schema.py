import enum
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.record.schema import create, dumps, loads, plain

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
DATA = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text().filter("$float".__ne__), inner)
    ),
    max_leaves=20,
)


def same(one, other):
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@given(DATA)
def test_facts_come_back_as_they_were_said(data):
    assert same(data, loads(dumps(plain(data))))


class Kind(enum.StrEnum):
    NUMBER = "number"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ((1, 2), [1, 2]),
        ({np.int64(0): 5}, {"0": 5}),
        (Path("data") / "x.csv", "data/x.csv"),
        (Kind.NUMBER, "number"),
        (np.dtype("float32"), "float32"),
    ],
)
def test_strangers_values_become_plain(value, expected):
    assert same(expected, loads(dumps(plain(value))))


def test_infinities_in_arrays_survive():
    assert loads(dumps(plain(np.array([np.inf, -np.inf])))) == [math.inf, -math.inf]


def test_plain_copies():
    said = {"layers": [1]}
    kept = plain(said)
    said["layers"].append(2)
    assert kept == {"layers": [1]}


def test_a_run_that_is_there_is_not_touched(tmp_path):
    create(tmp_path).close()
    before = (tmp_path / "run.db").read_bytes()
    with pytest.raises(FileExistsError):
        create(tmp_path)
    assert (tmp_path / "run.db").read_bytes() == before
