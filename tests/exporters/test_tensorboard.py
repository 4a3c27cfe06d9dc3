"""What TensorBoard itself reads from the files that are written for it."""

import json
import math
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from wellfit import Diagnosis, Run
from wellfit.exporters.tensorboard import TensorBoard

NO_TENSORFLOW = "tensorboard.compat.notf"  # TensorBoard's own switch: it reads without


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """To read a file, TensorBoard would spend its time on importing TensorFlow."""
    monkeypatch.setitem(sys.modules, NO_TENSORFLOW, ModuleType(NO_TENSORFLOW))


@pytest.fixture
def written(run: Run, diagnosis: Diagnosis, tmp_path: Path) -> Path:
    exporter = TensorBoard(str(tmp_path / "logs"))
    exporter.update(run)
    exporter.finish(run, diagnosis, None)
    exporter.close()
    return tmp_path / "logs"


def read(folder: Path) -> EventAccumulator:
    everything = {"scalars": 0, "tensors": 0, "histograms": 0}
    return EventAccumulator(str(folder), size_guidance=everything).Reload()


def test_scalars_stand_in_a_run_a_phase_and_are_grouped_by_name(
    written: Path, run: Run
) -> None:
    train, val = read(written / "net" / "train"), read(written / "net" / "val")
    assert set(train.Tags()["scalars"]) == {
        "loss",
        "step_time",
        "grad_norm",
        "grad_norm/0.weight",
        "grad_norm/0.bias",
        "grad_norm/2.weight",
    }
    losses = train.Scalars("loss")
    assert [x.step for x in losses] == list(range(12))
    assert [x.value for x in losses] == pytest.approx(run.signal("loss").values)
    assert [x.step for x in val.Scalars("loss")] == [4, 8, 12]
    assert all(math.isnan(x.value) for x in train.Scalars("grad_norm/0.bias"))


def test_steps_stand_at_their_time(written: Path) -> None:
    times = [x.wall_time for x in read(written / "net" / "train").Scalars("loss")]
    assert times[5] - times[1] == pytest.approx(4 * 0.5)
    assert abs(times[0] - time.time()) < 60


def test_histograms_have_all_that_was_counted(written: Path) -> None:
    told = read(written / "net" / "train")
    found = told.Histograms("gradients/0.weight")
    assert [x.step for x in found] == list(range(12))
    assert [x.histogram_value.num for x in found] == list(range(1, 13))
    last = found[-1].histogram_value
    counts = dict(zip(last.bucket_limit, last.bucket, strict=True))
    assert {k: v for k, v in counts.items() if v and k > 1} == {4: 3, 16: 8}


def test_settings_and_findings_are_there(written: Path) -> None:
    told = read(written / "net")
    tags = set(told.Tags()["tensors"])
    assert tags >= {"verdict", "findings/overfitting", "findings/dead-units"}
    (text,) = told.Tensors("findings/overfitting")
    assert text.step == 8
    assert b"validation loss rises" in text.tensor_proto.string_val[0]
    content = told.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    said = HParamsPluginData.FromString(content).session_start_info.hparams
    assert said["optimizer.groups.0.lr"].number_value == 0.1
    assert said["command.args"].string_value == "--token ***"


def test_nothing_of_a_framework_is_imported(run: Run, tmp_path: Path) -> None:
    script = f"""
import sys
from wellfit import diagnose
from wellfit.exporters.feed import send
send(diagnose({str(run.path)!r}), {str(run.path)!r}, ["tensorboard={tmp_path}"])
print({{"tensorflow", "torch", "keras"}} & set(sys.modules))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "set()\n"
    assert ran.stderr == ""
    assert read(tmp_path / "net" / "val").Tags()["scalars"] == ["loss"]


@pytest.fixture
def server(written: Path) -> Iterator[str]:
    """A TensorBoard on a free port; the base of its addresses."""
    start = f"""
import sys, types
sys.modules[{NO_TENSORFLOW!r}] = types.ModuleType({NO_TENSORFLOW!r})
from tensorboard.main import run_main
run_main()
"""
    options = ["--logdir", str(written), "--port", "0", "--reload_interval", "1"]
    with subprocess.Popen(
        [sys.executable, "-c", start, *options],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            found = re.search(rb"http://\S+", line)
            if found:
                break
        yield found[0].decode() if found else ""
        process.terminate()
        process.stderr.read()


def test_a_tensorboard_serves_it(server: str) -> None:
    def ask(path: str) -> Any:
        with urllib.request.urlopen(f"{server}data/plugin/{path}") as answer:
            return json.load(answer)

    until = time.monotonic() + 300
    while not (tags := ask("scalars/tags")) and time.monotonic() < until:
        time.sleep(0.2)
    assert set(tags) == {"net/train", "net/val"}
    losses = ask("scalars/scalars?run=net/val&tag=loss")
    assert [step for _, step, _ in losses] == [4, 8, 12]
    assert "gradients/0.weight" in ask("histograms/tags")["net/train"]
    assert "findings/dead-units" in ask("text/tags")["net"]
