"""What is new in a run folder, each value once, against the whole of it."""

import sqlite3
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.record import Recorder, Tail, created, open_run, upkeep

SAID = st.lists(
    st.tuples(st.sampled_from(["a", "b@x", "val/c"]), st.integers(0, 5)) | st.none(),
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(SAID)
def test_what_is_new_adds_up_to_the_whole(tmp_path_factory, said):
    got, tail = defaultdict(list), Tail()

    def take(run):
        for signal in run.signals.values():
            pairs = zip(signal.steps.tolist(), signal.values.tolist(), strict=True)
            got[signal.name] += pairs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "FOLD_ROWS", 2)
        with Recorder(tmp_path_factory.mktemp("run")) as recorder:
            for at, one in enumerate(said):
                if one is None:
                    recorder.flush()
                    take(tail.new(recorder.folder))
                else:
                    recorder.value(one[0], one[1], at)
    run = open_run(recorder.folder)
    take(tail.rest(run))
    assert got == {
        name: list(zip(s.steps.tolist(), s.values.tolist(), strict=True))
        for name, s in run.signals.items()
    }
    assert not tail.rest(run).signals


def test_later_steps_are_given_though_earlier_ones_were_thinned(tmp_path):
    tail = Tail()
    with Recorder(tmp_path / "run") as recorder:
        for step in range(100):
            recorder.value("train/loss", step, step)
        recorder.flush()
        assert len(tail.new(recorder.folder).signal("loss")) == 100
        for step in range(100, 130):
            recorder.value("train/loss", step, step)
    _thin(recorder.folder)
    new = tail.new(recorder.folder).signal("loss")
    assert new.steps.tolist() == list(range(100, 130))


def _thin(folder: Path) -> None:
    from wellfit.record.packing import PACKED, pack

    steps = np.concatenate([np.arange(0, 100, 10), np.arange(100, 130)])
    with sqlite3.connect(folder / "run.db") as db:
        db.execute("DELETE FROM chunks")
        db.execute(
            f"INSERT INTO chunks (signal, {PACKED}) VALUES (1, ?, ?, ?, ?, ?)",
            pack(steps, steps.astype(float)),
        )
    db.close()


def test_a_run_folder_tells_when_it_was_begun(tmp_path):
    Recorder(tmp_path / "run").close()
    at = created(tmp_path / "run")
    assert abs(at - (tmp_path / "run" / "run.db").stat().st_mtime) < 5
