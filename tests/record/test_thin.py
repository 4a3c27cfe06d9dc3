"""Thinning against its slow and obvious twin, and what it promises."""

import math
import sqlite3

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wellfit.core.histogram import BINS
from wellfit.record import Recorder, limits, open_run, upkeep
from wellfit.record.thin import (
    Row,
    coarser,
    counts_left,
    groups,
    numbers_left,
    thin_counts,
    thin_numbers,
)

NUMBERS = st.lists(
    st.floats() | st.sampled_from([0.0, 1.0, math.nan, math.inf]), max_size=80
)
FACTORS = st.sampled_from([2, 4, 8])


def rank(number):
    return (math.isnan(number), 0.0 if math.isnan(number) else number)


def kept_slowly(group, turn):
    """The least, a middle one, and the greatest of a group, by value, in order."""
    if len(group) <= 3:
        return sorted(group, key=rank)
    order, last = sorted(group, key=rank), len(group) - 1
    return [order[0], order[(last + turn % 2) // 2], order[-1]]


def same(some, others):
    return np.array_equal(np.array(some, float), np.array(others, float), True)


@settings(deadline=None)
@given(NUMBERS, FACTORS)
@example([0.0] * 6 + [math.nan, math.nan, 0.0, math.nan, math.inf], 2)
def test_each_group_keeps_its_least_a_middle_and_its_greatest(numbers, factor):
    steps, kept = thin_numbers(np.arange(len(numbers)), np.array(numbers), factor)
    assert len(kept) == numbers_left(len(numbers), factor)
    assert (np.diff(steps) > 0).all()  # as they stood
    assert same(kept, [numbers[step] for step in steps])  # each at its own step
    width, whole = 3 * factor, len(numbers) // (3 * factor)
    for at in range(0, len(numbers), width):
        group = numbers[at : at + width]
        found = kept[(steps >= at) & (steps < at + width)].tolist()
        turn = at // width if at // width < whole else 0
        assert same(sorted(found, key=rank), kept_slowly(group, turn))


@settings(deadline=None)
@given(NUMBERS, FACTORS, FACTORS)
def test_extremes_survive_any_number_of_times(numbers, factor, again):
    part = np.arange(len(numbers)), np.array(numbers)
    for times in (factor, again):
        part = thin_numbers(*part, times)
    found, said = (np.array(some)[~np.isnan(some)] for some in (part[1], numbers))
    assert np.isnan(part[1]).any() == np.isnan(np.array(numbers)).any()
    if said.size and not np.isnan(numbers).any():
        assert (found.min(), found.max()) == (said.min(), said.max())


def test_the_middle_course_is_kept():
    noise = np.random.default_rng(0).lognormal(size=30_000)
    part = np.arange(len(noise)), noise
    for _ in range(5):
        part = thin_numbers(*part, 2)
    assert np.median(part[1]) == pytest.approx(np.median(noise), rel=0.1)


@settings(deadline=None)
@given(st.integers(0, 70), FACTORS)
def test_histograms_are_added_up_and_none_is_lost(count, factor):
    counts = np.random.default_rng(count).integers(0, 9, (count, BINS))
    steps, kept = thin_counts(np.arange(count), counts, factor)
    assert len(kept) == counts_left(count, factor)
    slow = [counts[at : at + factor].sum(axis=0) for at in range(0, count, factor)]
    assert kept.tolist() == [row.tolist() for row in slow]
    assert steps.tolist() == list(range(0, count, factor))


ROWS = st.lists(
    st.tuples(st.integers(1, 64), st.sampled_from([1, 2, 4, 64])), min_size=1
)


@settings(deadline=None)
@given(ROWS, st.integers(64, 800))
def test_rows_become_coarser_between_the_ends_until_they_fit(sizes, most):
    rows = [Row(id=i, count=n, thinned=t) for i, (n, t) in enumerate(sizes)]
    made = coarser(rows, most, numbers_left)
    changed = [at for at, row in enumerate(rows) if row != made[at]]
    total = sum(row.count for row in made)
    if sum(n for n, _ in sizes) <= most * 3 // 4:
        assert not changed
    for at in changed:  # an eighth before it and after it is as it was
        assert sum(row.count for row in rows[: at + 1]) > most // 8
        assert sum(row.count for row in rows[at + 1 :]) >= most // 8
        factor = made[at].thinned // rows[at].thinned
        assert made[at].count == numbers_left(rows[at].count, factor)
    middle = made[changed[0] : changed[-1] + 1] if changed else []
    assert total <= most * 3 // 4 or all(row.count <= 3 for row in middle)


@settings(deadline=None)
@given(ROWS, st.integers(2, 64), st.booleans())
def test_rows_that_are_merged_are_small_neighbours_of_one_resolution(
    sizes, full, wholly
):
    rows = [Row(id=i, count=n, thinned=t) for i, (n, t) in enumerate(sizes)]
    found = list(groups(rows, rows, full, wholly=wholly))
    for some in found:
        assert len({row.thinned for row in rows[some]}) == 1
        assert all(row.count < full for row in rows[some])
        assert len(rows[some]) > 1


@pytest.fixture
def little(monkeypatch):
    """A long run is one of hundreds of steps."""
    share = limits.Share(total=4096, least=64, greatest=256)
    for name in ("WHOLE", "PLACES"):
        monkeypatch.setattr(limits, name, share)
    monkeypatch.setattr(
        limits, "HISTOGRAMS", limits.Share(total=64, least=32, greatest=64)
    )
    monkeypatch.setattr(limits, "EVENTS", 64)
    monkeypatch.setattr(upkeep, "FOLD_VALUES", 60)
    monkeypatch.setattr(upkeep, "FOLD_STEPS", 30)


@pytest.mark.parametrize("seed", range(8))
def test_of_a_long_run_the_ends_and_the_extremes_are_whole(little, tmp_path, seed):
    draw = np.random.default_rng(seed)
    steps, flush = draw.integers(300, 2500), draw.integers(20, 200)
    said = draw.normal(size=(steps, 3))
    spikes = draw.choice(steps, 2, replace=False)
    said[spikes[0], 0], said[spikes[1], 2] = 1e9, -1e9
    names = ("train/loss", "train/accuracy", "train/grad_norm@a")
    with Recorder(tmp_path) as recorder:
        for step, row in enumerate(said):
            recorder.values(step, names, row)
            recorder.value("val/loss", step, 0.5)
            recorder.event("clip", step)
            recorder.histogram("gradient@a", step, np.eye(BINS, dtype=int)[step % BINS])
            if step % flush == 0:
                recorder.flush()
    run = open_run(recorder.folder)
    for column, name in enumerate(names):
        signal = run.signal(name)
        assert len(signal) <= 256
        assert (np.diff(signal.steps) > 0).all()
        assert signal.values.tolist() == said[signal.steps, column].tolist()
        assert signal.steps[:8].tolist() == list(range(8))
        assert signal.steps[-32:].tolist() == list(range(steps - 32, steps))
        assert signal.values.min() == said[:, column].min()
        assert signal.values.max() == said[:, column].max()
    histogram = run.histograms["train/gradient@a"]
    assert len(histogram) <= 64
    assert histogram.counts.sum() == steps
    assert histogram.steps[0] == 0
    clips = [event.step for event in run.happened("clip")]
    assert len(clips) <= 64
    assert clips[:8] == list(range(8))
    assert clips[-8:] == list(range(steps - 8, steps))
    assert max(np.diff(clips)) <= 4 * steps / 48 + 1  # evenly spread between
    assert recorder.lost == 0


def test_a_burst_of_events_is_bounded_too(little, tmp_path):
    with Recorder(tmp_path) as recorder:
        for step in range(5000):
            recorder.event("clip", step)
    clips = open_run(tmp_path).happened("clip")
    assert len(clips) <= 64
    assert [clips[0].step, clips[-1].step] == [0, 4999]


def test_a_short_run_is_whole(little, tmp_path):
    with Recorder(tmp_path) as recorder:
        for step in range(256):
            recorder.value("loss", step, step / 7)
            recorder.flush()
    signal = open_run(tmp_path).signal("loss")
    assert signal.values.tolist() == [step / 7 for step in range(256)]


def test_what_a_row_stands_for_is_in_the_table(little, tmp_path):
    with Recorder(tmp_path) as recorder:
        for step in range(2000):
            recorder.value("loss", step, step % 17)
            if step % 50 == 0:
                recorder.flush()
    with sqlite3.connect(tmp_path / "run.db") as db:
        rows = db.execute("SELECT count, first, thinned FROM chunks ORDER BY id")
        rows = rows.fetchall()
    db.close()
    assert [rows[0][2], rows[-1][2]] == [1, 1]
    starts = [first for _, first, _ in rows] + [2000]
    assert starts == sorted(starts)
    for (count, first, thinned), end in zip(rows, starts[1:], strict=True):
        assert count <= end - first <= 2 * count * thinned


def test_of_a_constant_signal_three_of_a_group_are_kept():
    steps, numbers = thin_numbers(np.arange(12), np.full(12, 0.1), 2)
    assert len(steps) == 6
    assert steps[[0, -1]].tolist() == [0, 11]
    assert numbers.tolist() == [0.1] * 6
