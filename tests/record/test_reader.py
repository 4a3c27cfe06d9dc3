import shutil
import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.core.errors import BadRun
from wellfit.record import Recorder, open_run


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    with Recorder(folder) as recorder:
        recorder.fact("model", {"class": "Net", "bad": float("nan")})
        recorder.event("epoch", 0, number=1)
        recorder.event("evaluation", 5, phase="val", rows=10)
        for step in range(50):
            recorder.values(step, ("val/loss", "grad_norm@b"), [step / 3, 2.0 * step])
        recorder.value("train/grad_norm@a", 7, float("inf"))
    return folder


def test_everything_is_there(recorded):
    run = open_run(recorded)
    assert run.path == recorded
    assert run.facts["model"]["class"] == "Net"
    assert np.isnan(run.facts["model"]["bad"])
    assert [(e.kind, e.step, dict(e.data)) for e in run.events] == [
        ("epoch", 0, {"number": 1}),
        ("evaluation", 5, {"phase": "val", "rows": 10}),
    ]
    assert run.signal("val/loss").values.tolist() == [step / 3 for step in range(50)]
    assert run.signal("grad_norm@a").values.tolist() == [float("inf")]


def test_signals_come_in_the_order_of_their_creation(recorded):
    names = ["val/loss", "train/grad_norm@b", "train/grad_norm@a"]
    run = open_run(recorded)
    assert list(run.signals) == names
    assert len(run.signals) == 3
    assert list(run.at("grad_norm")) == ["b", "a"]


def test_a_signal_is_read_when_asked_for_and_kept(recorded):
    run = open_run(recorded)
    assert "val/loss" in run
    assert "val/lost" not in run
    assert run.get("val/lost") is None
    assert run.signal("val/loss") is run.signal("val/loss")


def test_the_database_itself_may_be_named(recorded):
    assert open_run(recorded / "run.db").path == recorded
    assert open_run(str(recorded)).path == recorded


def test_odd_paths(tmp_path):
    folder = tmp_path / "50% of #1? 'a' ü"
    with Recorder(folder) as recorder:
        recorder.value("loss", 0, 1.0)
    assert open_run(folder).signal("loss").last == 1.0


def test_nothing_recorded_is_a_run_too(tmp_path):
    Recorder(tmp_path / "run").close()
    run = open_run(tmp_path / "run")
    assert (run.facts, dict(run.signals), run.events) == ({}, {}, ())


def newer(folder):
    with sqlite3.connect(folder / "run.db") as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    db.close()


def other(folder):
    (folder / "run.db").unlink()
    with sqlite3.connect(folder / "run.db") as db:
        db.execute("CREATE TABLE cats (name)")
    db.close()


def cut(folder):
    with (folder / "run.db").open("r+b") as file:
        file.truncate(9000)


def scribble(folder):
    (folder / "run.db").write_bytes(b"garbage " * 1000)


def empty(folder):
    (folder / "run.db").write_bytes(b"")


def unlink(folder):
    (folder / "run.db").unlink()


def nest(folder):
    (folder / "run.db").unlink()
    (folder / "run.db").mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (newer, "newer wellfit.* version 99.* up to 2.*pip install -U wellfit"),
        (other, "expected the tables of wellfit, found cats"),
        (cut, "damaged"),
        (scribble, "damaged"),
        (empty, "is no run"),
        (unlink, "holds no run.db"),
        (nest, "holds no run.db"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path, spoil, said):
    with Recorder(tmp_path) as recorder:
        recorder.value("loss", 0, 1.0)
    spoil(tmp_path)
    with pytest.raises(BadRun, match=said):
        open_run(tmp_path)


def test_what_may_not_be_opened_is_not_called_damaged(tmp_path):
    recorder = Recorder(tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    recorder.close()
    (tmp_path / "copy" / "run.db-wal").unlink()
    (tmp_path / "copy" / "run.db-wal").mkdir()
    with pytest.raises(BadRun, match="copy the whole folder to where you may"):
        open_run(tmp_path / "copy")


def test_no_such_run(tmp_path):
    with pytest.raises(BadRun, match=r"no run at .*nowhere.*wellfit list"):
        open_run(tmp_path / "nowhere")


def test_a_run_removed_under_the_reader(tmp_path):
    with Recorder(tmp_path) as recorder:
        recorder.value("loss", 0, 1.0)
    run = open_run(tmp_path)
    unlink(tmp_path)
    with pytest.raises(BadRun):
        run.signal("loss")


@settings(max_examples=150, deadline=None)
@given(
    spots=st.lists(
        st.tuples(st.integers(0, 40_000), st.binary(min_size=1, max_size=20))
    ),
    length=st.integers(0, 60_000),
)
def test_any_damage_is_a_bad_run_or_none(recorded, tmp_path_factory, spots, length):
    sound = bytearray((recorded / "run.db").read_bytes())
    for at, scrap in spots:
        sound[at : at + len(scrap)] = scrap
    path = tmp_path_factory.mktemp("damaged") / "run.db"
    path.write_bytes(sound[:length])
    try:
        dict(open_run(path).signals)
    except BadRun as error:
        assert str(path) in str(error)  # noqa: PT017 - either is well
