"""Event files: whole, cut off, damaged, very long."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter, masked_crc32c

from wellfit.core.errors import BadLog
from wellfit.core.run import Run
from wellfit.logs import crc, curve, read_logs
from wellfit.logs.tensorboard import TensorBoard


def write(path: Path, events: list[Event]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = RecordWriter(path.open("wb"))
    for event in [Event(wall_time=1.0, file_version="brain.Event:2"), *events]:
        writer.write(event.SerializeToString())
    writer.close()
    return path


def scalar(step: int, **values: float) -> Event:
    told = [Summary.Value(tag=t, simple_value=v) for t, v in values.items()]
    return Event(wall_time=float(step), step=step, summary=Summary(value=told))


def events(folder: Path, losses: list[float], name: str = "1", first: int = 0) -> Path:
    path = folder / f"events.out.tfevents.{name}.host"
    return write(path, [scalar(first + n, loss=v) for n, v in enumerate(losses)])


def only(path: Path) -> Run:
    (run,) = read_logs(path)
    return run


def test_the_checksum_is_theirs() -> None:
    for length in (0, 1, 255, 1 << 31):
        head = struct.pack("<Q", length)
        assert crc.is_header(head + struct.pack("<I", masked_crc32c(head)))
        assert not crc.is_header(head + b"\1\2\3\4")


@given(
    values=st.lists(st.floats(width=32), min_size=1, max_size=30),
    first=st.integers(0, 1 << 40),
)
@settings(max_examples=30, deadline=None)
def test_numbers_come_back_bit_for_bit(
    values: list[float], first: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("events")
    loss = only(events(folder, values, first=first)).signal("loss")
    np.testing.assert_array_equal(loss.values, np.array(values))
    assert loss.steps.tolist() == list(range(first, first + len(values)))


def test_a_file_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    raw = events(tmp_path, [1.0 / (1 + n) for n in range(20)]).read_bytes()
    place = tmp_path / "cut" / "events.out.tfevents.2.host"
    place.parent.mkdir()
    before = 0
    for end in range(120, len(raw) + 1, 7):
        place.write_bytes(raw[:end])
        run = only(place)
        assert len(run.signal("loss")) >= before
        before = len(run.signal("loss"))
    assert before >= 19


def test_damage_in_the_middle_costs_what_it_covers(tmp_path: Path) -> None:
    path = events(tmp_path, [1.0 / (1 + n) for n in range(100)])
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 90] = b"\xa5" * 90
    path.write_bytes(raw)
    run = only(path)
    assert 90 <= len(run.signal("loss")) < 100
    assert any("damaged" in note for note in run.facts["log"]["notes"])


def test_an_empty_file_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1.host"
    path.touch()
    with pytest.raises(BadLog, match="is empty"):
        read_logs(path)


def test_pictures_and_histograms_are_passed_over(tmp_path: Path) -> None:
    image = Summary.Image(height=1, width=1, encoded_image_string=b"\0" * (1 << 20))
    picture = Event(
        step=3, summary=Summary(value=[Summary.Value(tag="x", image=image)])
    )
    path = tmp_path / "events.out.tfevents.1.host"
    run = only(write(path, [scalar(2, loss=1.0), picture, scalar(4, loss=0.5)]))
    assert run.signal("loss").values.tolist() == [1.0, 0.5]
    assert set(run.signals) == {"train/loss"}


def test_a_resumed_training_is_one_run(tmp_path: Path) -> None:
    events(tmp_path, [10.0 - n for n in range(10)], "1")
    events(tmp_path, [4.5 - n / 10 for n in range(10)], "2", first=5)
    run = only(tmp_path)
    loss = run.signal("loss")
    assert loss.steps.tolist() == list(range(15))
    assert loss.values[5] == 4.5
    assert run.facts["log"]["restarts"] == 1


def test_two_trainings_in_one_folder_are_two_runs(tmp_path: Path) -> None:
    events(tmp_path, [10.0 - n for n in range(10)], "1")
    events(tmp_path, [8.0 - n / 2 for n in range(12)], "2")
    runs = read_logs(tmp_path)
    assert sorted(len(run.signal("loss")) for run in runs) == [10, 12]
    assert len({run.facts["log"]["name"] for run in runs}) == 2


def test_what_is_very_long_is_kept_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = curve.Share(total=1 << 12, least=1 << 10, greatest=1 << 12)
    monkeypatch.setattr(curve.Collector.__init__, "__defaults__", (small,))
    values = np.sin(np.arange(20_000) / 500.0)
    values[12_345] = 99.0
    loss = only(events(tmp_path, values.tolist())).signal("loss")
    assert len(loss) <= (1 << 12) + 1023  # looked at now and then
    assert (np.diff(loss.steps) > 0).all()
    assert loss.steps[0] == 0
    assert loss.steps[-1] == 19_999
    assert loss.values.max() == 99.0
    np.testing.assert_allclose(
        loss.values[loss.values < 9], values[loss.steps[loss.values < 9]], rtol=1e-6
    )


@given(raw=st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_garbage_after_a_first_record_never_crashes(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    path = events(folder, [2.0, 1.0, 0.5])
    path.write_bytes(path.read_bytes() + raw)
    assert only(path).signal("loss").values.tolist()[:3] == [2.0, 1.0, 0.5]


def test_its_name_is_public() -> None:
    assert TensorBoard.name == "TensorBoard"
