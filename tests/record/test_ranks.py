"""Several processes that train together, each with a file of its own."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.core.errors import BadRun
from wellfit.core.run import Signal
from wellfit.record import Recorder, open_run, runs_in, vacant
from wellfit.record.ranks import aligned, disagreement, paces
from wellfit.verbs.runs import find, remove, runs, summary


def record(folder, rank, norms=(1.0, 2.0), seconds=(0.1, 0.2), count=None):
    with Recorder(folder, rank=rank) as recorder:
        recorder.fact("model", {"class": f"Net{rank}"})
        if count:
            recorder.fact("ranks", {"count": count})
        recorder.event("epoch", rank)
        for step, (norm, second) in enumerate(zip(norms, seconds, strict=True)):
            recorder.value("train/weight_norm", step, norm)
            recorder.value("train/compute_time", step, second)
    return recorder


def notes(run):
    return [event.data["text"] for event in run.happened("note")]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_each_rank_writes_only_its_own_file(tmp_path, order):
    for rank in order:
        recorder = record(tmp_path / "run", rank)
        assert recorder.folder == tmp_path / "run"
    files = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert files == ["run-1.db", "run-2.db", "run.db"]
    run = open_run(tmp_path / "run")
    assert run.facts["model"] == {"class": "Net0"}
    assert [event.step for event in run.events] == [0]
    assert list(run.ranks) == [1, 2]
    assert run.ranks[2].facts["model"] == {"class": "Net2"}
    assert run.ranks[1].signal("weight_norm").values.tolist() == [1.0, 2.0]
    assert run.ranks[1].ranks == {}


def test_of_a_single_process_nothing_is_joined(tmp_path):
    record(tmp_path, 0)
    run = open_run(tmp_path)
    assert run.ranks == {}
    assert list(run.signals) == ["train/weight_norm", "train/compute_time"]


def test_how_ranks_differ_is_a_signal(tmp_path):
    record(tmp_path, 0, norms=(4.0, 4.0, 1.0), seconds=(1.0, 1.0, 1.0))
    record(tmp_path, 1, norms=(4.0, 5.0), seconds=(1.0, 3.0))
    record(tmp_path, 2, norms=(4.0, 3.0), seconds=(2.0, 2.0))
    run = open_run(tmp_path)
    assert [*run.signals][2:] == [
        "train/rank_spread",
        "train/straggle",
        "train/straggle@rank0",
        "train/straggle@rank1",
        "train/straggle@rank2",
    ]
    assert len(run.signals) == 7
    assert "rank_spread" in run
    spread, straggle = run.signal("rank_spread"), run.signal("straggle")
    assert (spread.steps.tolist(), spread.values.tolist()) == ([0, 1], [0.0, 0.4])
    assert straggle.values.tolist() == [2.0, 1.5]
    paced = {where: s.values.tolist() for where, s in run.at("straggle").items()}
    assert paced == {"rank0": [1.0, 0.5], "rank1": [1.0, 1.5], "rank2": [2.0, 1.0]}
    assert run.signal("straggle") is straggle


def test_what_not_all_ranks_have_is_not_derived(tmp_path):
    record(tmp_path, 0)
    with Recorder(tmp_path, rank=1) as recorder:
        recorder.value("train/weight_norm", 7, 1.0)
    run = open_run(tmp_path)
    assert "straggle" not in run
    assert len(run.signal("rank_spread")) == 0  # there is no step that both have


def test_ranks_that_left_nothing_are_told(tmp_path):
    record(tmp_path, 0, count=4)
    record(tmp_path, 2)
    (tmp_path / "run-3.db").write_bytes(b"garbage " * 1000)
    run = open_run(tmp_path)
    assert list(run.ranks) == [2]
    assert run.signal("straggle").values.tolist() == [1.0, 1.0]
    first, second = notes(run)
    assert first.startswith("rank 1 is missing from this run: it has no file")
    assert second.startswith("rank 3 is missing from this run")
    assert "damaged" in second


def test_without_the_first_rank_the_next_takes_its_place(tmp_path):
    for rank in (0, 1, 2):
        record(tmp_path / "run", rank)
    (tmp_path / "run" / "run.db").write_bytes(b"")
    for gone in (False, True):
        if gone:
            (tmp_path / "run" / "run.db").unlink()
        run = open_run(tmp_path / "run")
        assert run.facts["model"] == {"class": "Net1"}
        assert list(run.ranks) == [2]
        (note,) = notes(run)
        assert note.startswith("rank 0 is missing")


def test_where_no_rank_can_be_read_there_is_no_run(tmp_path):
    (tmp_path / "run.db").write_bytes(b"")
    (tmp_path / "run-1.db").write_bytes(b"")
    with pytest.raises(BadRun, match="is no run"):
        open_run(tmp_path)


def test_damage_that_shows_late_leaves_the_others(tmp_path):
    for rank in (0, 1, 2):
        record(tmp_path, rank)
    run = open_run(tmp_path)
    (tmp_path / "run-1.db").unlink()
    assert run.signal("straggle").values.tolist() == [1.0, 1.0]
    assert len(run.signal("straggle@rank1")) == 0
    assert len(run.signal("straggle@rank2")) == 2


def test_the_file_of_a_rank_can_be_opened_alone(tmp_path):
    for rank in (0, 1):
        record(tmp_path, rank)
    alone = open_run(tmp_path / "run-1.db")
    assert (alone.facts["model"], alone.ranks) == ({"class": "Net1"}, {})
    assert list(open_run(tmp_path / "run.db").ranks) == [1]


def test_a_folder_of_ranks_is_one_run(tmp_path):
    for rank in (1, 2):
        record(tmp_path / "run", rank)
    record(tmp_path / "other", 0)
    (tmp_path / "none").mkdir()
    for name in ("run-0.db", "run-x.db", "run-01.db", "runs.db"):
        (tmp_path / "none" / name).touch()
    assert {path.name for path in runs_in(tmp_path)} == {"run", "other"}
    assert len(runs(tmp_path)) == 2
    assert find("run", tmp_path) == tmp_path / "run"
    assert summary(open_run(tmp_path / "run"), tmp_path / "run").model == "Net1"
    assert vacant(tmp_path / "run") == tmp_path / "run"  # rank 0 may still come
    with pytest.raises(BadRun, match="holds a run already"):
        vacant(tmp_path / "run", rank=2)
    remove(tmp_path / "run")
    assert [path.name for path in runs_in(tmp_path)] == ["other"]


RANK = """
import os, sys, time
from pathlib import Path
from wellfit.record import Recorder
rank = int(os.environ["RANK"])
with Recorder(Path(sys.argv[1]), rank=rank) as recorder:
    for step in range(300):
        recorder.value("train/compute_time", step, 0.5 + 0.5 * rank)
        if step % 50 == 0:
            recorder.flush()
"""


def test_processes_write_side_by_side(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(tmp_path / "run")],
            env={"RANK": str(rank), "PYTHONPATH": ":".join(sys.path)},
        )
        for rank in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    run = open_run(tmp_path / "run")
    assert run.signal("straggle").values.tolist() == [1.5] * 300
    assert notes(run) == []


SIGNALS = st.lists(
    st.lists(st.tuples(st.integers(0, 8), st.floats(0.5, 9.0)), max_size=12),
    min_size=2,
    max_size=4,
)


@settings(deadline=None)
@given(SIGNALS)
def test_they_are_aligned_as_dicts_would_be(ranks):
    signals = [
        Signal(
            name="a",
            steps=np.array([step for step, _ in pairs], np.int64),
            values=np.array([value for _, value in pairs], np.float64),
        )
        for pairs in ranks
    ]
    slow = [dict(pairs) for pairs in ranks]  # the last of a step stays
    common = sorted(set.intersection(*(set(one) for one in slow)))
    steps, table = aligned(signals)
    assert steps.tolist() == common
    assert table.tolist() == [[one[step] for step in common] for one in slow]


def test_ranks_that_diverged_or_took_no_time_are_no_fault():
    norms = np.array([[0.0, np.inf, np.nan, 2.0], [0.0, np.inf, 1.0, 1.0]])
    assert np.array_equal(disagreement(norms), [0, np.nan, np.nan, 0.5], True)
    fair, ratios = paces(np.array([[0.0, 1.0, np.nan], [0.0, 3.0, 1.0]]))
    assert fair.tolist() == [False, True, False]
    assert ratios.tolist() == [[0.5], [1.5]]
