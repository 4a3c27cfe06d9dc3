"""Full disks, vanished folders, kill -9: the training goes on, the record is sound."""

import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from wellfit.record import Recorder, open_run, writer


def said(capsys):
    return capsys.readouterr().err.splitlines()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_below_a_file_it_falls_back(tmp_path, temporary, capsys):
    (tmp_path / "file").touch()
    with Recorder(tmp_path / "file" / "run") as recorder:
        recorder.value("loss", 0, 1.0)
    assert recorder.folder.parent == temporary
    assert open_run(recorder.folder).signal("loss").last == 1.0
    (line,) = said(capsys)
    assert re.fullmatch(
        rf"wellfit: cannot write to {tmp_path}/file/run \(Not a directory\); "
        rf"recording to {temporary}/wellfit-run-\w+ instead",
        line,
    )


LOCKED_OUT = """
import os, sys, tempfile
from pathlib import Path
from wellfit.record import Recorder, chunks
if os.geteuid() == 0:  # root may write everywhere: be nobody
    os.setgid(65534)
    os.setuid(65534)
tempfile.tempdir = sys.argv[2]
with Recorder(Path(sys.argv[1])) as recorder:
    recorder.value("loss", 0, 1.0)
print(recorder.folder)
"""


def test_in_a_read_only_folder_it_falls_back(python):
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o755)
        for folder, mode in (("locked", 0o555), ("temporary", 0o777)):
            (base / folder).mkdir()
            (base / folder).chmod(mode)
        output, error = python(LOCKED_OUT, base / "locked" / "run", base / "temporary")
        folder = Path(output.strip())
        assert folder.parent == base / "temporary"
        assert open_run(folder).signal("loss").last == 1.0
    assert "(Permission denied); recording to" in error
    assert len(error.splitlines()) == 1


def test_a_run_that_is_there_is_not_mixed_with_another(tmp_path, temporary, capsys):
    for number in range(2):
        with Recorder(tmp_path / "run") as recorder:
            recorder.value("loss", 0, number)
    assert recorder.folder.parent == temporary
    assert open_run(tmp_path / "run").signal("loss").values.tolist() == [0.0]
    assert "(File exists)" in said(capsys)[0]


def test_nowhere_to_write_is_said_and_borne(tmp_path, temporary, capsys):
    (tmp_path / "file").touch()
    shutil.rmtree(temporary)
    with Recorder(tmp_path / "file" / "run") as recorder:
        recorder.fact("model", {})
        recorder.value("loss", 0, 1.0)
        recorder.flush()
    assert recorder.lost == 1
    (line,) = said(capsys)
    assert "nothing of it is recorded" in line


FILL = """
import resource, sys
from pathlib import Path
from wellfit.record import Recorder
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
recorder = Recorder(Path(sys.argv[1]))
for step in range(100_000):
    recorder.value("loss", step, step / 7)
    if step % 5_000 == 0:
        recorder.flush()
recorder.flush()
print(recorder.lost)
if sys.argv[2] == "passing":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
recorder.close()
print(recorder.lost)
"""


def test_a_full_disk_costs_what_did_not_fit(tmp_path, python):
    output, error = python(FILL, tmp_path, "lasting")
    before, after = map(int, output.split())
    warning, end = error.splitlines()
    assert "the training goes on" in warning
    assert end == f"wellfit: {after:,} values could not be written to {tmp_path}"
    loss = open_run(tmp_path).signal("loss")
    assert loss.values.tolist() == [step / 7 for step in range(len(loss))]
    assert (before, after) == (0, 100_000 - len(loss))
    assert 5_000 < len(loss) < 50_000


def test_a_disk_that_is_full_for_a_while_costs_nothing(tmp_path, python):
    output, error = python(FILL, tmp_path, "passing")
    assert output.split() == ["0", "0"]
    assert len(error.splitlines()) == 1
    loss = open_run(tmp_path).signal("loss")
    assert loss.values.tolist() == [step / 7 for step in range(100_000)]


def test_a_folder_removed_under_it_is_said_twice(tmp_path, capsys):
    recorder = Recorder(tmp_path / "run")
    recorder.value("loss", 0, 1.0)
    recorder.fact("model", {})
    recorder.flush()
    shutil.rmtree(tmp_path / "run")
    recorder.event("epoch", 0)
    for step in range(1, 5):
        recorder.value("loss", step, 1.0)
        recorder.flush()
    recorder.close()
    assert recorder.lost == 5
    warning, end = said(capsys)
    assert "was removed or replaced" in warning
    assert "5 values and 2 facts and events could not be written" in end
    assert not (tmp_path / "run").exists()


def test_a_folder_moved_away_and_back_costs_nothing(tmp_path, capsys):
    with Recorder(tmp_path / "run") as recorder:
        for step, (here, there) in enumerate(
            [("run", "away"), ("away", "run"), ("run", "run")]
        ):
            recorder.value("loss", step, step)
            recorder.flush()
            (tmp_path / here).rename(tmp_path / there)
    assert open_run(tmp_path / "run").signal("loss").steps.tolist() == [0, 1, 2]
    assert len(said(capsys)) == 1


def test_another_run_in_its_place_is_left_alone(tmp_path, capsys):
    recorder = Recorder(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "old")
    with Recorder(tmp_path / "run") as other:
        other.value("loss", 0, 2.0)
    recorder.value("loss", 0, 1.0)
    recorder.close()
    assert open_run(tmp_path / "run").signal("loss").values.tolist() == [2.0]
    assert recorder.lost == 1


def test_what_waits_is_bounded(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(writer, "BOUND", 10_000)
    recorder = Recorder(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "away")
    names = tuple(f"grad_norm@{n}" for n in range(1_000))
    for step in range(15):
        recorder.values(step, names, [1.0] * 1_000)
        recorder.flush()
    assert recorder.lost == 5_000
    (tmp_path / "away").rename(tmp_path / "run")
    recorder.flush()
    recorder.values(15, names, [1.0] * 1_000)
    recorder.close()
    assert recorder.lost == 5_000
    steps = open_run(tmp_path / "run").signal("grad_norm@999").steps.tolist()
    assert steps == [*range(10), 15]
    assert len(said(capsys)) == 2


def test_faster_than_it_can_be_written_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(writer, "BOUND", 100)
    with Recorder(tmp_path) as recorder:
        for step in range(500):
            recorder.value("loss", step, step)
        recorder.flush()
        kept = 500 - recorder.lost
    assert 100 <= kept < 500
    assert len(open_run(tmp_path).signal("loss")) == kept
    warning, end = said(capsys)
    assert "faster" in warning
    assert f"{recorder.lost} values" in end


def test_without_standard_error_it_is_silent(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    recorder = Recorder(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    recorder.value("loss", 0, 1.0)
    recorder.close()
    assert recorder.lost == 1


SPEAK = """
import sys, time
from pathlib import Path
from wellfit.record import Recorder, limits, upkeep
upkeep.FOLD_ROWS, limits.FULL = 4, 64
if sys.argv[2] == "thin":
    limits.WHOLE = limits.Share(total=1, least=64, greatest=64)
    upkeep.FOLD_VALUES, upkeep.FOLD_STEPS = 1, 1
recorder = Recorder(Path(sys.argv[1]))
names = "train/loss", "train/accuracy"
step = 0
while True:
    recorder.values(step, names, [step / 7, step * 2])
    recorder.value("val/loss", step, step / 3)
    if sys.argv[2] == "pace":
        time.sleep(0.001)
    else:
        recorder.flush()
    print(time.monotonic(), step, flush=True)
    step += 1
"""


def killed(folder, how, seconds):
    """Records, is killed after a while: the time of it, and what had been said when."""
    process = subprocess.Popen(
        [sys.executable, "-c", SPEAK, str(folder), how],
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = [process.stdout.readline()]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    at = time.monotonic()
    lines += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    pairs = [line.split() for line in lines if line.endswith("\n")]
    return at, [(float(when), int(step)) for when, step in pairs]


def check(folder):
    """The last step of a run that was killed, after a look at every number of it."""
    run = open_run(folder)
    loss, val = run.signal("train/loss"), run.signal("val/loss")
    count = len(loss)
    assert loss.values.tolist() == [step / 7 for step in range(count)]
    assert run.signal("train/accuracy").values.tolist() == [
        2.0 * s for s in range(count)
    ]
    assert val.values.tolist() == [step / 3 for step in range(len(val))]
    return min(count, len(val)) - 1


def test_kill_costs_a_second_at_most(tmp_path):
    at, spoken = killed(tmp_path, "pace", seconds=2.7)
    last = check(tmp_path)
    long_ago = [step for when, step in spoken if when < at - 1.5]  # a second, and slack
    assert long_ago[-1] <= last


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_the_file_is_whole(tmp_path, seed):
    _, spoken = killed(tmp_path, "flush", seconds=random.Random(seed).uniform(0.1, 0.6))
    assert check(tmp_path) >= spoken[-1][1]


@pytest.mark.parametrize("seed", range(2))
def test_killed_while_it_thins_the_file_is_whole(tmp_path, seed):
    _, spoken = killed(tmp_path, "thin", seconds=random.Random(seed).uniform(0.8, 1.6))
    for name, by in (("train/loss", 7), ("val/loss", 3)):
        signal = open_run(tmp_path).signal(name)
        steps = signal.steps.tolist()
        assert signal.values.tolist() == [step / by for step in steps]
        assert steps == sorted(set(steps))
        assert steps[:8] == list(range(8))
        assert steps[-1] >= spoken[-1][1] >= 64
        assert len(steps) <= 64 + 4  # and what was not folded yet


def test_a_killed_run_is_left_as_it_is_and_can_be_moved(tmp_path):
    killed(tmp_path / "run", "flush", seconds=0.2)
    last = check(tmp_path / "run")
    Path(tmp_path / "run").rename(tmp_path / "moved")
    assert check(tmp_path / "moved") == last
