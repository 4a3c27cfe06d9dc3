"""What TensorBoard itself reads from the files that are written for it."""

import math
import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from wellfit import Diagnosis, Run
from wellfit.exporters.tensorboard import TensorBoard


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
