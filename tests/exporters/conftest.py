"""A recorded run with everything an exporter meets, and what is said of it."""

from pathlib import Path

import numpy as np
import pytest

from wellfit import Diagnosis, Run
from wellfit.core.finding import Evidence, Finding, Severity
from wellfit.core.histogram import counts_of
from wellfit.record import Recorder, open_run

STEPS = 12
LAYERS = ("0.weight", "0.bias", "2.weight")


def record(recorder: Recorder, first: int, last: int) -> None:
    """What a tap would say of the steps from `first` to before `last`."""
    for step in range(first, last):
        recorder.value("train/loss", step, 1 / (1 + step))
        recorder.value("train/step_time", step, 0.5)
        recorder.value("train/grad_norm", step, step)
        recorder.values(
            step,
            tuple(f"train/grad_norm@{place}" for place in LAYERS),
            [0.1 * step, float("nan"), 2.0],
        )
        sample = np.arange(step + 1, dtype=np.float32)
        recorder.histogram("train/gradients@0.weight", step, counts_of(sample))
        if step % 4 == 3:
            recorder.value("val/loss", step + 1, 1.5 / (1 + step))
            recorder.event("epoch", step + 1, number=step // 4 + 1)


def describe(recorder: Recorder) -> None:
    recorder.fact("command", {"script": "train.py", "args": ["--token", "***"]})
    recorder.fact("model", {"class": "Net", "parameters": 1200, "layers": [{}] * 9})
    recorder.fact("optimizer", {"kind": "SGD", "groups": [{"lr": 0.1}]})
    recorder.fact("seeds", {"torch": 0, "numpy": None})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run in a folder, closed."""
    with Recorder(tmp_path / "wellfit-runs" / "net") as recorder:
        describe(recorder)
        record(recorder, 0, STEPS)
        recorder.fact("outcome", {"exit": 0, "error": None, "interrupted": False})
    return open_run(recorder.folder)


@pytest.fixture
def diagnosis(run: Run) -> Diagnosis:
    """Two findings; the first knows since when."""
    overfitting = Finding(
        rule="overfitting",
        severity=Severity.WARNING,
        confidence=0.9,
        summary="validation loss rises <b>& rises</b>",
        since=8,
        where=("0.weight",),
        evidence=(Evidence(text="val/loss 0.12 at step 12"),),
        remedies=("stop-early",),
    )
    dead = Finding(
        rule="dead-units",
        severity=Severity.CRITICAL,
        confidence=1.0,
        summary="3 of 16 units are dead",
        causes=("overfitting",),
    )
    return Diagnosis(findings=(overfitting, dead), run=run.path)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    page = tmp_path / "report.html"
    page.write_text("<!doctype html><title>A report</title>")
    return page
