"""What MLflow's own client reads from the store that was written to."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from wellfit import Diagnosis, Run
from wellfit.exporters.mlflow import MLflow


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A client of the store in `mlruns`, where nothing of MLflow is configured."""
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)

    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=(tmp_path / "mlruns").as_uri())


def test_a_store_of_files_has_it_all(
    client: Any,
    run: Run,
    diagnosis: Diagnosis,
    report: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run.path is not None
    (run.path / "environment.json").write_text("{}")
    exporter = MLflow()
    exporter.update(run)
    exporter.finish(run, diagnosis, report)
    exporter.close()

    (found,) = client.search_runs(["0"])
    history = client.get_metric_history(found.info.run_id, "train/loss")
    assert [x.step for x in history] == list(range(12))
    assert [x.value for x in history] == run.signal("loss").values.tolist()
    assert history[5].timestamp - history[1].timestamp == 2000
    assert found.data.metrics["train/grad_norm.2.weight"] == 2.0
    assert found.data.metrics["train/grad_norm"] == 11
    assert math.isnan(found.data.metrics["train/grad_norm.0.bias"])
    assert found.data.params["optimizer.groups.0.lr"] == "0.1"
    assert found.data.params["command.args"] == "--token ***"
    assert found.data.tags["wellfit.verdict"] == "unwell"
    assert found.data.tags["wellfit.dead-units"] == "critical"
    assert found.info.run_name == "net"
    assert found.info.status == "FINISHED"
    kept = {file.path for file in client.list_artifacts(found.info.run_id)}
    assert kept == {"report.html", "environment.json"}
    assert capfd.readouterr() == ("", "")


def test_many_values_go_in_several_requests(client: Any, diagnosis: Diagnosis) -> None:
    exporter = MLflow()
    exporter.update(Run.of(loss=range(2500)))
    exporter.update(Run.of({"it: 50%@1!": {2500: 1.0}}, loss={2500: 0.5}))
    exporter.finish(Run.of(), diagnosis, None)
    (found,) = client.search_runs(["0"])
    history = client.get_metric_history(found.info.run_id, "train/loss")
    assert [x.step for x in history] == list(range(2501))
    assert found.data.metrics["train/it_ 50_.1_"] == 1.0
