import math
import os
import threading
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.core.signals import parse
from wellfit.record import Recorder, limits, open_run, upkeep


@pytest.fixture
def eager():
    """Folds and merges all the time, as a long run does now and then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "FOLD_ROWS", 3)
        patch.setattr(limits, "FULL", 8)
        yield


# The slow and obvious twin of all of it: a list a signal.

NAMES = st.sampled_from(
    ["loss", "train/loss", "val/loss", "grad_norm@a", "b/c/d@e/f@g"]
)
STEPS = st.integers(0, 50) | st.integers(-(2**63), 2**63 - 1)
ONE = st.tuples(st.just("value"), NAMES, STEPS, st.floats())
MANY = st.lists(NAMES, unique_by=lambda name: str(parse(name)), max_size=4).flatmap(
    lambda names: st.tuples(
        st.just("values"),
        st.just(tuple(names)),
        STEPS,
        st.lists(st.floats(), min_size=len(names), max_size=len(names)),
    )
)
FLUSH = st.just(("flush", None, None, None))


@settings(max_examples=60, deadline=None)
@given(said=st.lists(ONE | MANY | FLUSH, max_size=60), array=st.booleans())
def test_all_comes_back_as_from_a_list_a_signal(tmp_path_factory, said, array):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "FOLD_ROWS", 3)
        patch.setattr(limits, "FULL", 8)
        twin = defaultdict(list)
        recorder = Recorder(tmp_path_factory.mktemp("run"))
        for what, whose, step, number in said:
            if what == "flush":
                recorder.flush()
                compare(recorder, twin)
            elif what == "value":
                recorder.value(whose, step, number)
                twin[str(parse(whose))].append((step, number))
            else:
                recorder.values(step, whose, np.array(number) if array else number)
                for name, one in zip(whose, number, strict=True):
                    twin[str(parse(name))].append((step, one))
        recorder.close()
    compare(recorder, twin)
    assert recorder.lost == 0


def compare(recorder, twin):
    run = open_run(recorder.folder)
    assert set(run.signals) == set(twin)
    for name, pairs in twin.items():
        signal = run.signal(name)
        assert signal.steps.tolist() == [step for step, _ in pairs]
        assert list(map(exactly, signal.values)) == [exactly(x) for _, x in pairs]


def exactly(number):
    return "nan" if math.isnan(number) else float(number).hex()


def test_facts_are_said_once_and_events_in_order(tmp_path):
    with Recorder(tmp_path) as recorder:
        recorder.fact("model", {"class": "Old"})
        recorder.fact("seeds", {"torch": 1})
        recorder.flush()
        recorder.fact("model", {"class": "Net", "loss": np.float32("inf")})
        recorder.event("epoch", np.int64(3), number=np.int64(1))
        recorder.event("note", 4, text="done")
    run = open_run(tmp_path)
    assert list(run.facts.items()) == [
        ("model", {"class": "Net", "loss": math.inf}),
        ("seeds", {"torch": 1}),
    ]
    assert [(e.kind, e.step) for e in run.events] == [("epoch", 3), ("note", 4)]


def test_secrets_and_homes_in_facts_and_events_are_hidden(tmp_path):
    with Recorder(tmp_path) as recorder:
        recorder.fact("command", {"args": ["--token=tulip", {"/home/ada/x": 1}]})
        recorder.event("error", 0, text="no /home/ada/data.csv")
    run = open_run(tmp_path)
    assert run.facts["command"] == {"args": ["--token=***", {"~/x": 1}]}
    assert run.events[0].data["text"] == "no ~/data.csv"


def test_what_is_said_of_data_later_changed_is_as_it_was(tmp_path):
    layers = [{"name": "a"}]
    with Recorder(tmp_path) as recorder:
        recorder.fact("model", {"layers": layers})
        layers.clear()
    assert open_run(tmp_path).facts["model"] == {"layers": [{"name": "a"}]}


def test_odd_text_is_kept_or_replaced_and_harms_nothing(tmp_path):
    with Recorder(tmp_path) as recorder:
        recorder.fact("script", {"name": "caf\udce9.py", "nul": "a\0b", "key": "π"})
        recorder.value("grad_norm@caf\udce9", 0, 1.0)
        recorder.value("loss", 0, 2.0)
    run = open_run(tmp_path)
    assert run.facts["script"] == {"name": "caf\udce9.py", "nul": "a\0b", "key": "π"}
    assert run.signal("grad_norm@caf?").last == 1.0
    assert recorder.lost == 0


def test_the_script_may_change_its_directory(tmp_path, monkeypatch, capsys):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Recorder(Path("run")) as recorder:
        recorder.value("loss", 0, 1.0)
        monkeypatch.chdir("elsewhere")
    assert recorder.folder == tmp_path / "run"
    assert open_run(recorder.folder).signal("loss").last == 1.0
    assert capsys.readouterr().err == ""


def test_closing_leaves_one_file_and_may_be_done_twice(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.value("loss", 0, 1.0)
    recorder.flush()
    assert (tmp_path / "run.db-wal").exists()
    recorder.close()
    recorder.close()
    recorder.flush()
    assert [path.name for path in tmp_path.iterdir()] == ["run.db"]


def test_after_the_end_nothing_is_taken_and_all_counted(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.close()
    recorder.value("loss", 0, 1.0)
    recorder.values(0, ("a", "b"), [1.0, 2.0])
    recorder.fact("a", 1)
    recorder.event("epoch", 0)
    assert recorder.lost == 3
    assert (open_run(tmp_path).facts, open_run(tmp_path).events) == ({}, ())


def test_what_is_no_number_is_lost_and_counted(tmp_path, capsys):
    with Recorder(tmp_path) as recorder:
        recorder.value("loss", 0, 1.0)
        recorder.value("loss", 1, "much")
        recorder.values(2, ("loss", "accuracy"), [1.0])
        recorder.value("loss", 3, 3.0)
    assert recorder.lost == 3
    run = open_run(tmp_path)
    assert list(run.signals) == ["train/loss"]
    assert run.signal("loss").steps.tolist() == [0, 3]
    assert "3 values could not be written" in capsys.readouterr().err


def test_several_threads_may_speak(tmp_path):
    def speak(name):
        for step in range(2000):
            recorder.value(name, step, step)

    with Recorder(tmp_path) as recorder:
        threads = [threading.Thread(target=speak, args=(f"s{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    run = open_run(tmp_path)
    assert all(
        run.signal(f"s{n}").steps.tolist() == list(range(2000)) for n in range(4)
    )


def test_nothing_said_is_nothing_written(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.flush()
    before = (tmp_path / "run.db-wal").stat()
    recorder.flush()
    recorder.flush()
    after = (tmp_path / "run.db-wal").stat()
    recorder.close()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def test_it_is_read_while_it_is_written(tmp_path, eager):
    names = ("train/loss", "train/accuracy")
    recorder = Recorder(tmp_path)
    recorder.values(0, names, [0.0, 0.1])
    recorder.flush()
    seen = dict.fromkeys(names, 0)
    for step in range(1, 300):
        recorder.values(step, names, [step / 7, step + 0.1])
        if step % 3 == 0:
            recorder._wake.set()
        run = open_run(tmp_path)
        loss, accuracy = (run.signal(name) for name in names)
        assert loss.values.tolist() == [at / 7 for at in range(len(loss))]
        assert accuracy.values.tolist() == [at + 0.1 for at in range(len(accuracy))]
        assert seen["train/loss"] <= len(loss) <= len(accuracy) <= step + 1
        seen = {"train/loss": len(loss), "train/accuracy": len(accuracy)}
    recorder.close()
    assert len(open_run(tmp_path).signal("loss")) == 300


def test_a_reader_that_stays_does_not_keep_the_recorder_from_closing(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.value("loss", 0, 1.0)
    recorder.flush()
    run = open_run(tmp_path)
    recorder.value("loss", 1, 2.0)
    recorder.close()
    assert run.signal("loss").values.tolist() == [1.0, 2.0]
    assert [path.name for path in tmp_path.iterdir()] == ["run.db"]


def test_numpy_waits_for_the_first_value(tmp_path, python):
    code = """
import sys
from pathlib import Path
from wellfit.record import Recorder
with Recorder(Path(sys.argv[1])) as recorder:
    recorder.fact("seeds", {"torch": 1})
    recorder.flush()
    assert "numpy" not in sys.modules
    recorder.value("loss", 0, 1.0)
    recorder.flush()
    assert "numpy" in sys.modules
"""
    assert python(code, tmp_path) == ("", "")


@pytest.mark.parametrize(
    ("ending", "status"), [("", 0), ("sys.exit(3)", 3), ("1 / 0", 1)]
)
def test_a_script_that_ends_without_closing_loses_nothing(
    tmp_path, python, ending, status
):
    code = f"""
import sys
from pathlib import Path
from wellfit.record import Recorder
recorder = Recorder(Path(sys.argv[1]))
for step in range(100):
    recorder.value("loss", step, step)
{ending}
"""
    _, error = python(code, tmp_path, status=status)
    assert "wellfit" not in error
    assert len(open_run(tmp_path).signal("loss")) == 100
    assert [path.name for path in tmp_path.iterdir()] == ["run.db"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("ending", ["sys.exit()", "os._exit(0)"])
def test_a_forked_child_is_silent_and_harms_nothing(tmp_path, python, ending):
    code = f"""
import gc, os, sys
from pathlib import Path
from wellfit.record import Recorder
recorder = Recorder(Path(sys.argv[1]))
for step in range(200):
    recorder.value("loss", step, step)
    if step % 50 == 10:
        recorder.flush()
        recorder.value("kept", step, step)
        child = os.fork()
        if not child:
            recorder.value("loss", 0, -1.0)
            recorder.fact("child", True)
            recorder.flush()
            recorder.close()
            del recorder
            gc.collect()
            {ending}
        assert os.waitpid(child, 0)[1] == 0
        assert Path(sys.argv[1], "run.db-wal").exists()
"""
    assert python(code, tmp_path) == ("", "")
    run = open_run(tmp_path)
    assert run.signal("loss").values.tolist() == list(range(200))
    assert run.signal("kept").values.tolist() == [10, 60, 110, 160]
    assert run.facts == {}
