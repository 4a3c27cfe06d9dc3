import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.record import chunks, packing, tidy
from wellfit.record.schema import TABLES
from wellfit.record.thin import MANY

STEPS = st.integers(-(2**63), 2**63 - 1)
PAIRS = st.lists(st.tuples(STEPS, st.floats()), min_size=1, max_size=40)


@pytest.fixture
def db():
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    yield connection
    connection.close()


def say(db, signals, steps, rows):
    packed, refused = chunks.arrange([(signals, steps, rows)])
    db.executemany("INSERT INTO recent VALUES (NULL, ?, ?, ?, ?, ?, ?)", packed)
    return refused


def bits(numbers):
    """Every bit, but those that tell one NaN from another."""
    numbers = np.array(numbers, np.float64)
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.int64).tolist()


@settings(deadline=None)
@given(PAIRS)
def test_any_steps_and_any_floats_come_back(pairs):
    steps, numbers = zip(*pairs, strict=True)
    row = packing.pack(np.array(steps, np.int64), np.array(numbers))
    back, (values,) = packing.unpack(row)
    assert back.tolist() == list(steps)
    assert bits(values) == bits(numbers)


@pytest.mark.parametrize(
    ("steps", "size"),
    [
        (range(0, 1000, 10), 0),
        ([7] * 1000, 0),
        (np.arange(1000) ** 2 // 50, 1),
        (np.cumsum([0, 1000, 2000] * 50), 2),
        ([0, 2**40, 3], 8),
    ],
)
def test_steps_take_little_room(steps, size):
    *_, deltas, _ = packing.pack(np.array(steps, np.int64), np.zeros(len(steps)))
    assert len(deltas or b"") == size * (len(steps) - 1)


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        (np.float32([0.1, np.nan, np.inf, -0.0]).astype(float), 4),
        (np.array([0.1, 0.2]), 8),
        (np.array([1e300, 1.0]), 8),
        (np.array([5e-324, 1.0]), 8),
    ],
)
def test_float32_only_where_it_loses_nothing(numbers, size):
    *_, packed = packing.pack(np.arange(len(numbers)), numbers)
    assert len(packed) == size * len(numbers)


@pytest.mark.parametrize(
    "row",
    [
        (3, 0, 1, None, b"12345"),
        (2**60, 0, 1, None, b"1234"),
        (-1, 0, 1, None, b"1234"),
        (0, 0, 1, None, b""),
        (3, 0, None, b"12345", b"123412341234"),
        (3, 0, None, None, b"123412341234"),
    ],
)
def test_a_damaged_row_is_told(row):
    with pytest.raises((ValueError, TypeError)):
        packing.unpack(row)


def test_signals_said_at_the_same_steps_share_a_row():
    said = [((1,), [0, 1], [0.5, 0.6]), ((2, 3), [0, 1], [[1, 2], [3, 4]])]
    rows, refused = chunks.arrange(said)
    assert (len(rows), refused) == (1, 0)


def test_what_is_no_number_is_refused_and_the_rest_kept(db):
    rows = [[1.0, 2.0], [3.0], ["a", 4.0], None, [5.0, 6.0]]
    assert say(db, (1, 2), range(5), rows) == 6
    assert [part.tolist() for part in chunks.read(db, 2)] == [[0, 4], [2.0, 6.0]]


def test_single_numbers_may_be_refused_too(db):
    rows = [1.0, "a", np.array(2.0), 10**400, 3.0]
    assert say(db, (1,), [0, 1, 2, 3, 2**80], rows) == 3
    assert chunks.read(db, 1)[1].tolist() == [1.0, 2.0]


def fold(db, full=8192, *, wholly=False):
    for signal in chunks.fold(db, lambda _: full):
        tidy.tidy(db, tidy.CHUNKS, (signal,), most=10**9, full=full, wholly=wholly)


def counts(db):
    return [n for (n,) in db.execute("SELECT count FROM chunks ORDER BY id")]


def test_slow_signals_do_not_become_a_row_a_value(db):
    for step in range(2000):
        say(db, (1, 2), [step], [[step, -step]])
        fold(db)
    rows = db.execute("SELECT count(*) FROM chunks WHERE signal = 1").fetchone()[0]
    assert rows < MANY
    assert chunks.read(db, 2)[1].tolist() == [-float(s) for s in range(2000)]


@pytest.mark.parametrize("wholly", [False, True])
def test_tidying_leaves_full_chunks_and_a_rest(db, wholly):
    for start in range(0, 30_000, 1_000):
        steps = range(start, start + 1_000)
        say(db, (1,), steps, [0.1 * s for s in steps])
        fold(db, 4096, wholly=wholly)
    assert sum(counts(db)) == 30_000
    assert all(n == 4096 for n in counts(db)[:7])
    assert len(counts(db)) == 8 if wholly else len(counts(db)) < 8 + MANY
    assert chunks.read(db, 1)[0].tolist() == list(range(30_000))
    assert db.execute("SELECT count(*) FROM recent").fetchone() == (0,)
