"""Logs as the real libraries write them: `make_files.py` made those in `files/`."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wellfit.core.run import Run
from wellfit.logs import read_logs

HERE = Path(__file__).parent
FILES = HERE / "files"
N = np.arange(12)
EVALUATED = [3, 7, 11]
SET = {"tensorboard", "lightning", "wandb", "mlflow", "comet"}  # tell rate and batch
EVERY_EPOCH = {"keras", "keras_history"}
UNITS = {"keras": "epoch", "keras_history": "epoch", "tensorflow": "epoch"}
FORMATS = {
    "tensorboard": "TensorBoard",
    "tensorflow": "TensorBoard",
    "transformers": "Hugging Face trainer_state",
    "lightning": "Lightning CSVLogger",
    "keras": "Keras CSVLogger",
    "keras_history": "JSON history",
    "wandb": "W&B run",
    "mlflow": "MLflow run",
    "comet": "Comet offline experiment",
}


def check(run: Run, library: str) -> None:
    """The course that all of these files tell of."""
    log = run.facts["log"]
    assert log["formats"] == [FORMATS[library]]
    assert log["step_unit"] == UNITS.get(library, "step")
    loss, val = run.signal("train/loss"), run.signal("val/loss")
    assert loss.steps.tolist() == N.tolist()
    np.testing.assert_allclose(loss.values, 2 / (1 + N), rtol=1e-6)
    at = N if library in EVERY_EPOCH else np.array(EVALUATED)
    assert val.steps.tolist() == at.tolist()
    np.testing.assert_allclose(val.values, 2.5 / (1 + at), rtol=1e-6)
    if library in SET:
        assert run.facts["optimizer"]["groups"][0]["lr"] == pytest.approx(0.05)
        assert run.facts["training"]["batch_size"] == 32


@pytest.mark.parametrize("library", FORMATS)
def test_a_library_s_own_file(library: str) -> None:
    (run,) = read_logs(FILES / library)
    check(run, library)


def test_all_of_them_in_one_folder() -> None:
    runs = read_logs(FILES)
    assert len(runs) == len(FORMATS)
    assert {run.facts["log"]["formats"][0] for run in runs} == {*FORMATS.values()}
    assert all(len(run.signal("train/loss")) == 12 for run in runs)


def test_secrets_of_a_config_are_hidden() -> None:
    (run,) = read_logs(FILES / "wandb")
    assert run.facts["hyperparameters"]["api_key"] == "***"
    assert "tulip" not in str(run.facts["hyperparameters"])


def test_a_run_has_the_name_that_it_was_given() -> None:
    names = {run.facts["log"]["name"] for run in read_logs(FILES)}
    assert {"wandb/steady-tulip", "comet/steady-tulip", "mlflow/steady-tulip"} <= names


@pytest.mark.slow
@pytest.mark.parametrize("library", FORMATS.keys() - {"keras_history"})
def test_what_the_installed_library_writes(library: str, tmp_path: Path) -> None:
    kept = {"KERAS_BACKEND": "torch", "MLFLOW_ALLOW_FILE_STORE": "true"}
    environment = {**os.environ, **kept, "HOME": str(tmp_path)}
    script = [sys.executable, str(HERE / "make_files.py"), str(tmp_path), library]
    subprocess.run(script, check=True, env=environment, capture_output=True)
    (run,) = read_logs(tmp_path / library)
    check(run, library)
