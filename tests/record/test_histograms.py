import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.core.histogram import BINS, counts_of
from wellfit.record import Recorder, open_run, packing, upkeep
from wellfit.record.store import WEIGHT

COUNTS = st.dictionaries(
    st.integers(0, BINS - 1), st.integers(0, 3) | st.integers(0, 2**62), max_size=4
).map(lambda filled: [filled.get(at, 0) for at in range(BINS)])
STEPS = st.integers(0, 50) | st.integers(-(2**63), 2**63 - 1)


@settings(deadline=None)
@given(st.lists(st.tuples(STEPS, COUNTS), min_size=1, max_size=5))
def test_any_steps_and_any_counts_come_back(pairs):
    steps, counts = (np.array(part, np.int64) for part in zip(*pairs, strict=True))
    back, same = packing.unpack_counts(packing.pack_counts(steps, counts))
    assert back.tolist() == steps.tolist()
    assert same.tolist() == counts.tolist()


def test_few_small_counts_take_few_bytes():
    counts = np.zeros((10, BINS), np.int64)
    counts[:, 20:30] = 255
    *_, packed = packing.pack_counts(np.arange(10), counts)
    assert len(packed) == 100
    *_, packed = packing.pack_counts(np.arange(10), 0 * counts)
    assert packed == b""


@pytest.mark.parametrize(
    "row",
    [
        (2, 0, 1, None, 0, 3, b"1234567"),
        (0, 0, 1, None, 0, 0, b""),
        (1, 0, 1, None, 50, 3, b"123"),
        (1, 0, 1, None, -1, 3, b"123"),
        (1, 0, 1, None, 0, 0, b"1"),
    ],
)
def test_a_damaged_row_is_told(row):
    with pytest.raises((ValueError, TypeError)):
        packing.unpack_counts(row)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "val/a@b"]), STEPS, COUNTS) | st.none(),
        max_size=40,
    )
)
def test_all_comes_back_as_from_a_list_a_name(tmp_path_factory, said):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "COUNT_ROWS", 3)
        twin = {}
        with Recorder(tmp_path_factory.mktemp("run")) as recorder:
            for one in said:
                if one is None:
                    recorder.flush()
                    continue
                name, step, counts = one
                recorder.histogram(name, step, np.array(counts))
                full = name if "/" in name else f"train/{name}"
                twin.setdefault(full, []).append((step, counts))
    run = open_run(recorder.folder)
    found = {
        name: list(zip(h.steps.tolist(), h.counts.tolist(), strict=True))
        for name, h in run.histograms.items()
    }
    assert found == twin
    assert list(found) == list(twin)
    assert recorder.lost == 0


def test_a_closed_run_has_a_row_a_name(tmp_path):
    with Recorder(tmp_path) as recorder:
        for step in range(5):
            recorder.histogram("gradient@a", step, counts_of(np.ones(step)))
            recorder.flush()
    with sqlite3.connect(tmp_path / "run.db") as db:
        assert db.execute("SELECT count(*) FROM histograms").fetchone() == (1,)
    db.close()
    counts = open_run(tmp_path).histograms["train/gradient@a"].counts
    assert counts.sum(axis=1).tolist() == [0, 1, 2, 3, 4]


def test_what_are_no_counts_is_lost_and_counted(tmp_path, capsys):
    with Recorder(tmp_path) as recorder:
        recorder.histogram("a", 0, np.zeros(50, np.int64))
        recorder.histogram("a", 1, np.zeros(51, np.float64))
        recorder.histogram("a", 2**80, np.zeros(51, np.int64))
        recorder.histogram("b", 3, None)
        recorder.histogram("c", 4, np.zeros(51, np.int32))
    assert recorder.lost == 4 * WEIGHT == 4 * BINS
    assert list(open_run(tmp_path).histograms) == ["train/c"]
    assert "could not be written" in capsys.readouterr().err


def test_a_run_of_the_first_version_has_none(tmp_path):
    with Recorder(tmp_path) as recorder:
        recorder.value("loss", 0, 1.0)
    with sqlite3.connect(tmp_path / "run.db") as db:
        db.execute("DROP TABLE histograms")
        db.execute("ALTER TABLE chunks DROP COLUMN thinned")
        db.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    db.close()
    run = open_run(tmp_path)
    assert dict(run.histograms) == {}
    assert run.signal("loss").last == 1.0
