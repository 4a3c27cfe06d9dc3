"""What is in the zip of an offline experiment of Comet."""

import json
import os
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from wellfit import Diagnosis, Run
from wellfit.exporters.comet import Comet


@pytest.fixture
def zipped(
    run: Run,
    diagnosis: Diagnosis,
    report: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> zipfile.ZipFile:
    """The experiment, written where nobody has an API key; nothing was printed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("COMET_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COMET_OFFLINE_DIRECTORY", str(tmp_path / "comet"))
    exporter = Comet()
    exporter.update(run)
    said = exporter.finish(run, diagnosis, report)
    exporter.close()
    assert capfd.readouterr() == ("", "")
    (path,) = (tmp_path / "comet").glob("*.zip")
    assert said == f"comet upload {path}"
    return zipfile.ZipFile(path)


def messages(zipped: zipfile.ZipFile) -> dict[str, list[Any]]:
    found = defaultdict(list)
    for line in zipped.read("messages.json").splitlines():
        if line.strip():
            message = json.loads(line)
            found[message["type"]].append(message["payload"])
    return found


def test_an_offline_experiment_has_it_all(
    zipped: zipfile.ZipFile, run: Run, report: Path
) -> None:
    said = messages(zipped)
    metrics = [x["metric"] for x in said["metric_msg"]]
    losses = {m["step"]: m for m in metrics if m["metricName"] == "train/loss"}
    values = [losses[step]["metricValue"] for step in range(12)]
    assert values == run.signal("loss").values.tolist()
    assert {m["step"] for m in metrics if m["metricName"] == "val/loss"} == {4, 8, 12}
    names = {m["metricName"] for m in metrics}
    assert {"train/grad_norm/0.weight", "train/grad_norm/0.bias"} <= names

    params = {x["param"]["paramName"]: x["param"] for x in said["parameter_msg"]}
    assert params["optimizer.groups.0.lr"]["paramValue"] == 0.1
    assert params["command.args"]["paramValue"] == "--token ***"
    others = {x["key"]: x["value"] for x in said["log_other"]}
    assert others["verdict"] == "unwell"
    assert others["finding/dead-units"] == "3 of 16 units are dead"
    assert [x["html"] for x in said["html"]] == [report.read_text()]
    tags = json.loads(zipped.read("experiment.json"))["tags"]
    assert set(tags) == {"overfitting", "dead-units"}


def test_histograms_have_all_that_was_counted(zipped: zipfile.ZipFile) -> None:
    uploads = messages(zipped)["file_upload"]
    found = {
        x["additional_params"]["step"]: json.loads(zipped.read(x["file_path"]))
        for x in uploads
        if x["upload_type"] == "histogram3d"
    }
    assert set(found) == set(range(12))
    assert [count for _, count in found[11]["index_values"]] == [1, 3, 8]
