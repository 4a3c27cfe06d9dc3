"""Scripts as people write them: watched they say the same, and it is seen what they do.

Each runs bare and under `wellfit run`; what it prints, hashes of predictions and of
coefficients among it, is the same byte for byte, and so is what goes to standard error.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import pytest

from wellfit.core.run import Run
from wellfit.record import open_run

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("sklearn_*.py"))


class Said(NamedTuple):
    status: int
    out: str
    err: str


def _begun(*command: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
    )


@cache
def both(name: str) -> tuple[Said, Said, Path]:
    """Of a script what it says bare and watched, side by side, and the run folder."""
    folder = Path(mkdtemp(prefix="wellfit-sklearn-")) / "run"
    script = HERE / f"{name}.py"
    wellfit = ["-m", "wellfit", "run", "--quiet", "--out", folder]
    began = [_begun(script), _begun(*wellfit, script)]
    ended = [(process.communicate(), process.returncode) for process in began]
    bare, seen = [Said(status, *said) for said, status in ended]
    return bare, seen, folder


@pytest.fixture
def run_of() -> Callable[[str], Run]:
    return lambda name: open_run(both(name)[2])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_watching_changes_nothing(script: Path) -> None:
    bare, seen, folder = both(script.stem)
    assert bare.status == 0, bare.err
    assert seen == bare
    run = open_run(folder)
    assert run.facts["command"]["framework"] == "sklearn"
    assert not [e for e in run.events if "ended" in e.data.get("text", "")]


def test_there_are_enough_of_them() -> None:
    assert len(SCRIPTS) >= 6


# -- what was recorded -----------------------------------------------------------------


def test_a_search_is_one_fit_with_its_candidates(run_of: Callable[[str], Run]) -> None:
    run = run_of("sklearn_search")
    (line,) = run.facts["fits"]["fits"]
    assert line["where"] == "."
    assert (line["candidates"], line["folds"]) == (3, 3)
    assert line["parts"]["LogisticRegression"] == 10  # each on each fold, and the best
    tried = run.facts["search"]["candidates"]
    assert [one["parameters"]["classify__C"] for one in tried] == [0.01, 0.1, 1.0]
    assert len(run.signal("val/score@fold2")) == 3
    assert [c["name"] for c in run.facts["data"]["columns"]] == [
        "age",
        "income",
        "city",
    ]
    assert "val/recall@yes" in run
    assert "val/auc" in run


def test_a_perceptron_tells_its_epochs(run_of: Callable[[str], Run]) -> None:
    run = run_of("sklearn_perceptron")
    scaler, first, second = run.facts["fits"]["fits"]
    assert scaler["where"] is None
    assert (first["where"], second["where"]) == (".", "trials/fit-3")
    training = run.facts["training"]
    assert len(run.signal("train/loss")) == training["epochs"]
    assert run.signal("train/loss").steps[-1] == training["steps"] - 1
    assert run.facts["training"]["kept"] <= training["steps"]
    assert next(layer["activation"] for layer in run.facts["model"]["layers"]) == "relu"
    assert run.path is not None
    below = open_run(run.path / "trials" / "fit-3")
    assert below.facts["training"]["converged"] is False
    assert "val/accuracy" in below


def test_partial_fits_are_one_training(run_of: Callable[[str], Run]) -> None:
    run = run_of("sklearn_partial")
    assert run.facts["fits"]["count"] == 1
    assert run.facts["training"]["steps"] == 60
    assert run.signal("val/accuracy").steps.tolist() == [20, 40, 60]
    assert run.facts["seeds"] == {}  # it drew rows before


def test_boosting_tells_its_rounds(run_of: Callable[[str], Run]) -> None:
    run = run_of("sklearn_boosting")
    assert len(run.signal("train/loss")) == 60
    assert len(run.signal("val/loss")) == 40  # stages, evenly spread
    assert run.path is not None
    below = open_run(run.path / "trials" / "fit-2")
    assert below.signal("val/loss").steps[0] == 0  # its own, held back by itself
    assert "nonfinite" not in below.facts["inputs"]  # gaps are allowed there


def test_folds_are_told_with_their_scores(run_of: Callable[[str], Run]) -> None:
    lines = run_of("sklearn_folds").facts["fits"]["fits"]
    assert [line["kind"] for line in lines] == ["validation"] * 4 + ["predictor"]
    assert lines[-1]["where"] == "."
    assert len(lines[0]["folds"]["val/accuracy"]["scores"]) == 4
    assert set(lines[2]["folds"]) == {"val/accuracy", "val/f1_macro"}
    assert "val/accuracy" in lines[3]["scores"]  # of what cross_val_predict gave


def test_a_forest_is_asked_once(run_of: Callable[[str], Run]) -> None:
    run = run_of("sklearn_forest")
    assert "train/oob_score" in run
    assert len(run.signal("val/accuracy")) == 1  # importances are no evaluations
    assert run.facts["fits"]["count"] == 1


def test_strangers_estimators_are_seen(run_of: Callable[[str], Run]) -> None:
    lines = run_of("sklearn_custom").facts["fits"]["fits"]
    assert lines[0]["estimator"] == "Nearest"
    assert lines[2]["error"] == "ValueError"
    assert lines[3]["estimator"] == "GridSearchCV(Pipeline(Doubled, Nearest))"


def test_a_stack_is_one_fit(run_of: Callable[[str], Run]) -> None:
    lines = run_of("sklearn_stack").facts["fits"]["fits"]
    assert [line["estimator"].partition("(")[0] for line in lines] == [
        "StackingClassifier",
        "AdaBoostClassifier",
        "Pipeline",
    ]
    assert "val/accuracy" in lines[0]["scores"]
    assert "val/f1_score" in lines[0]["scores"]
