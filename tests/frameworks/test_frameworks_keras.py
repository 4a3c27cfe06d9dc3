"""Keras 3, on PyTorch and on TensorFlow: what is recorded, and that nothing changes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wellfit
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.core.signals import SIGNALS, parse
from wellfit.record import open_run

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("keras_*.py"))
BACKENDS = ("torch", "tensorflow")
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONWARNINGS": "ignore",
}
OWN = {"area", "off", "categorical_accuracy"}  # metrics of the scripts' own


def _ran(backend: str, *command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**ENVIRONMENT, "KERAS_BACKEND": backend}
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Backend → script → what it printed bare and watched, in a process a backend."""
    found: dict[str, Any] = {}
    for backend in BACKENDS:
        folder = tmp_path_factory.mktemp(backend)
        ran = _ran(backend, HERE / "pairs.py", folder, *SCRIPTS)
        assert ran.returncode == 0, ran.stderr
        assert "wellfit:" not in ran.stderr
        told = [json.loads(line) for line in ran.stdout.splitlines()]
        found[backend] = {one["script"]: one for one in told} | {"folder": folder}
    return found


def _run(pairs: dict[str, Any], backend: str, script: str) -> Run:
    return open_run(pairs[backend]["folder"] / script)


def _bits(printed: str, name: str) -> list[float]:
    line = next(li for li in printed.splitlines() if li.startswith(f"{name} "))
    numbers = line.partition(" ")[2].strip("[]").replace("'", "").split(", ")
    return [float.fromhex(number) for number in numbers]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_watched_it_prints_the_same_bits(
    script: Path, backend: str, pairs: dict[str, Any]
) -> None:
    told = pairs[backend][script.stem]
    assert "weights" in told["bare"]
    assert told["seen"] == told["bare"]
    own = (script.stem, backend) == ("keras_compiled_loop", "torch")  # PyTorch's
    assert own or _run(pairs, backend, script.stem).last_step > 5


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_signal_has_a_page(
    script: Path, backend: str, pairs: dict[str, Any]
) -> None:
    run = _run(pairs, backend, script.stem)
    assert {parse(name).name for name in run.signals} - OWN <= SIGNALS.keys()


@pytest.mark.parametrize("backend", BACKENDS)
def test_losses_of_the_steps_have_the_mean_that_keras_told(
    backend: str, pairs: dict[str, Any]
) -> None:
    run = _run(pairs, backend, "keras_sequential")
    loss, told = run.signal("loss"), pairs[backend]["keras_sequential"]["bare"]
    assert loss.steps.tolist() == list(range(7 * 16))
    rows = [64] * 15 + [40]
    for epoch, mean in enumerate(_bits(told, "loss")):
        values = loss.values[16 * epoch : 16 * (epoch + 1)]
        weighted = sum(v * n for v, n in zip(values, rows, strict=True)) / 1000
        assert weighted == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_losses_of_a_loop_and_of_batches_by_hand_are_exact(
    backend: str, pairs: dict[str, Any]
) -> None:
    run, told = (
        _run(pairs, backend, "keras_loop"),
        pairs[backend]["keras_loop"]["bare"],
    )
    assert run.signal("loss").values.tolist() == _bits(told, "losses")
    run = _run(pairs, backend, "keras_by_hand")
    numbers = _bits(pairs[backend]["keras_by_hand"]["bare"], "losses")[::2]
    means = [(a + b) / 2 for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    assert run.signal("loss").values == pytest.approx(means, rel=1e-5)
    assert run.facts["training"]["steps"] == 12  # of two batches each


def test_steps_that_tensorflow_compiled_are_seen_as_a_whole(
    pairs: dict[str, Any],
) -> None:
    told = pairs["tensorflow"]["keras_compiled_loop"]["bare"]
    run = _run(pairs, "tensorflow", "keras_compiled_loop")
    assert run.signal("loss").values.tolist() == _bits(told, "losses")
    assert run.signal("update_ratio").steps[0] == 1  # the first was traced
    assert "grad_norm" not in run


@pytest.mark.parametrize("backend", BACKENDS)
def test_rates_are_those_of_the_steps(backend: str, pairs: dict[str, Any]) -> None:
    rate = _run(pairs, backend, "keras_own_step").signal("learning_rate")
    by_step = dict(zip(rate.steps.tolist(), rate.values.tolist(), strict=True))
    wanted = {s: 0.001 * (1 + s % 7) for s in range(21)}
    assert by_step == pytest.approx(wanted, rel=1e-6)
    run = _run(pairs, backend, "keras_sequential")
    told = _bits(pairs[backend]["keras_sequential"]["bare"], "rates")
    first = run.signal("learning_rate")
    assert first.steps[0] == 0
    assert set(first.values.tolist()) == set(told)


@pytest.mark.parametrize("backend", BACKENDS)
def test_facts_are_those_of_the_training(backend: str, pairs: dict[str, Any]) -> None:
    facts = _run(pairs, backend, "keras_sequential").facts
    assert facts["model"]["parameters"] == facts["model"]["trainable"] == 763
    kinds = [layer["kind"] for layer in facts["model"]["layers"]]
    assert kinds == ["Dense", "Dense", "ReLU", "Dense"]
    acts = [layer["activation"] for layer in facts["model"]["layers"]]
    assert acts == ["relu", None, "relu", None]
    assert facts["optimizer"]["kind"] == "Adam"
    assert facts["objective"]["criterion"] == "cross_entropy"
    assert facts["objective"]["task"] == "classification"
    assert sum(facts["objective"]["targets"]["counts"].values()) == 1000
    training = facts["training"]
    assert (training["epochs"], training["rows"]) == (7, 1000)
    assert training["batch_size"] == 64
    # The own name is `fit`'s, or that of an `evaluate` that came later.
    assert facts["metrics"]["val/accuracy"] in {"val_accuracy", "accuracy"}
    facts = _run(pairs, backend, "keras_functional").facts
    assert facts["training"]["kept"] < facts["training"]["steps"]
    assert facts["clipping"] == {"kind": "norm", "limit": 1.0}
    assert facts["objective"]["weighted"]
    assert facts["training"]["rows"] == 300
    own = _run(pairs, backend, "keras_batches")
    assert own.facts["metrics"]["val/accuracy"] == "val_categorical_accuracy"
    assert own.signal("val/accuracy").values.tolist() == (
        own.signal("val/categorical_accuracy").values.tolist()
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_it_validates_with_and_what_it_evaluates(
    backend: str, pairs: dict[str, Any]
) -> None:
    run = _run(pairs, backend, "keras_sequential")
    told = _bits(pairs[backend]["keras_sequential"]["bare"], "last")
    assert run.signal("val/loss").values[-1] == told[0]
    assert "test/loss" not in run  # the last call was over the same rows
    assert len(run.happened("epoch")) == 7
    assert {e.data["phase"] for e in run.happened("evaluation")} == {"val"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_and_activations_where_they_can_be_seen(
    backend: str, pairs: dict[str, Any]
) -> None:
    run = _run(pairs, backend, "keras_sequential")
    assert len(run.at("grad_norm")) == 6
    assert {"sequential/dense", "re_lu"} <= run.at("zero_share").keys()
    own = _run(pairs, backend, "keras_own_step")  # a stranger's code is not called
    assert bool(own.at("grad_norm")) == (backend == "torch")
    assert own.at("update_ratio")


def _diagnosis(pairs: dict[str, Any], backend: str, script: str) -> Diagnosis:
    return wellfit.diagnose(_run(pairs, backend, script))


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(
            one,
            marks=pytest.mark.xfail(
                one == "torch", strict=False, reason="class-imbalance is said of it"
            ),
        )
        for one in BACKENDS
    ],
)
def test_a_healthy_training_is_said_to_be_healthy(
    backend: str, pairs: dict[str, Any]
) -> None:
    assert _diagnosis(pairs, backend, "keras_sequential").healthy


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("script", "rule"),
    [
        ("keras_softmax_twice", "output-loss-mismatch"),
        ("keras_raw_scores", "output-loss-mismatch"),
        ("keras_rate_high", "learning-rate-too-high"),
        ("keras_overfitted", "overfitting"),
    ],
)
def test_a_planted_fault_is_the_first_finding(
    script: str, rule: str, backend: str, pairs: dict[str, Any]
) -> None:
    findings = _diagnosis(pairs, backend, script).findings
    assert findings[0].rule == rule


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(b, marks=() if b == "tensorflow" else pytest.mark.slow)
        for b in BACKENDS
    ],
)
def test_through_the_command_line_a_script_stays_as_it_is(
    backend: str, pairs: dict[str, Any], tmp_path: Path
) -> None:
    script = HERE / "keras_sequential.py"
    run = ("-m", "wellfit", "run", "--quiet", "--out", tmp_path / "run", script)
    ran = _ran(backend, *run)
    assert ran.returncode == 0, ran.stderr
    told = [li for li in ran.stdout.splitlines() if "/step" not in li]
    assert "\n".join(told) == pairs[backend]["keras_sequential"]["bare"]
    facts = open_run(tmp_path / "run").facts
    assert facts["command"]["framework"] == "keras"
    assert facts["training"]["steps"] == 7 * 16  # by one tap, not by two
