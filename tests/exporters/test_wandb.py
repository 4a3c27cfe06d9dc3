"""What is in the file of an offline run of W&B."""

import json
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
from wandb.proto.wandb_internal_pb2 import Record

from wellfit import Diagnosis, Run
from wellfit.exporters.wandb import WandB

BLOCK = 1 << 15
HEADER = struct.Struct("<IHB")  # checksum, length, kind
WHOLE, LAST = 1, 4


def records(folder: Path) -> list[Any]:
    (file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    until = time.monotonic() + 300  # W&B's own process may still be writing
    while time.monotonic() < until:
        found = [Record.FromString(data) for data in parts(file.read_bytes())]
        if found and found[-1].HasField("exit"):
            return found
        time.sleep(0.1)
    raise AssertionError("the run was not ended")


def parts(log: bytes) -> Iterator[bytes]:
    """The records of a log as LevelDB writes it, in blocks of 32 KiB."""
    assert log[:4] == b":W&B"
    at, data = 7, b""
    while at < len(log):
        left = BLOCK - at % BLOCK
        if left < HEADER.size:
            at += left
            continue
        _, length, kind = HEADER.unpack_from(log, at)
        data += log[at + HEADER.size : at + HEADER.size + length]
        at += HEADER.size + length
        if kind in (WHOLE, LAST):
            yield data
            data = b""


def read(items: Any) -> dict[str, Any]:
    return {
        item.key or "/".join(item.nested_key): json.loads(item.value_json)
        for item in items
    }


@pytest.fixture
def there(
    run: Run,
    diagnosis: Diagnosis,
    report: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[Any]:
    """The records of a run, written with nobody logged in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    wandb.teardown()  # it reads its variables once a process
    exporter = WandB()
    exporter.update(run)
    said = exporter.finish(run, diagnosis, report)
    exporter.close()
    assert said.startswith(f"wandb sync {tmp_path}/wandb/offline-run-")
    return records(tmp_path)


def test_an_offline_run_has_it_all(
    there: list[Any], run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [read(r.history.item) for r in there if r.HasField("history")]
    losses = {row["step"]: row["train/loss"] for row in rows if "train/loss" in row}
    assert losses == dict(enumerate(run.signal("loss").values.tolist()))
    assert {row["step"] for row in rows if "val/loss" in row} == {4, 8, 12}
    assert rows[1]["train/grad_norm/0.weight"] == pytest.approx(0.1)
    assert rows[-3]["train/gradients/0.weight/values"][-2:] == [3, 8]
    assert rows[-2]["findings/_type"] == "table-file"
    assert rows[-1]["report/_type"] == "html-file"

    config = {k: v for r in there for k, v in read(r.config.update).items()}
    assert config["optimizer.groups.0.lr"] == 0.1
    assert config["command.args"] == "--token ***"
    alerts = {r.alert.title: r.alert for r in there if r.HasField("alert")}
    assert alerts["overfitting"].level == "WARN"
    assert alerts["dead-units"].level == "ERROR"
    assert "3 of 16 units are dead" in alerts["dead-units"].text
    tags = [list(r.run.tags) for r in there if r.HasField("run")]
    assert sorted(tags[-1]) == ["dead-units", "overfitting"]
    assert not any(r.HasField("environment") for r in there)  # it has arguments
    assert capfd.readouterr() == ("", "")
