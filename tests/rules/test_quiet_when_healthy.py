"""No rule says more than a note on made-up runs in which nothing is wrong."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules import synthetic
from wellfit.core.finding import Severity
from wellfit.core.run import Run, Signal
from wellfit.verbs.diagnose import diagnose

STEPS = st.integers(60, 2000)
QUICK = settings(max_examples=25, deadline=None)


def loud(run: Run) -> list[str]:
    found = diagnose(run).findings
    return [f"{f.rule}: {f.summary}" for f in found if f.severity is not Severity.NOTE]


def verdict(run: Run) -> list[tuple[str, Severity]]:
    return [(f.rule, f.severity) for f in diagnose(run).findings]


@QUICK
@given(steps=STEPS, seed=st.integers(0, 999), noise=st.floats(0.0, 0.6))
def test_any_length_and_any_noise(steps: int, seed: int, noise: float) -> None:
    loss = synthetic.decay(steps, noise=noise, seed=seed)
    assert loud(synthetic.run(steps=steps, seed=seed, loss=loss)) == []


@pytest.mark.parametrize(
    "story",
    [
        pytest.param({"loss": synthetic.decay(600, floor=0.6)}, id="label smoothing"),
        pytest.param({"loss": synthetic.decay(600, floor=1e-7)}, id="separable data"),
        pytest.param(
            {
                "loss": 1e4 * synthetic.decay(600),
                "said": synthetic.facts(reduction="sum"),
            },
            id="sums",
        ),
        pytest.param({"loss": synthetic.decay(600) - 5}, id="negative loss"),
        pytest.param({"loss": synthetic.decay(600, noise=0.0)}, id="full batch"),
        pytest.param({"accuracy": 0.7, "val_accuracy": 0.96}, id="dropout"),
        pytest.param({"dead": 0.5, "zeros": 0.85}, id="sparse features"),
        pytest.param({"val_accuracy": None}, id="no validation"),
        pytest.param({"steps": 30}, id="thirty steps"),
        pytest.param({"stride": 1e-4, "loss": np.full(600, 0.1)}, id="fine-tuning"),
        pytest.param({"said": {}}, id="no facts"),
        pytest.param(
            {
                "accuracy": 0.31,
                "val_accuracy": 0.3,
                "loss": synthetic.decay(600, floor=1.3),
                "said": synthetic.facts(reference=0.3),
            },
            id="noise floor",
        ),
        pytest.param(
            {"extra": {"learning_rate": {0: 0.1, 200: 0.01, 400: 1e-3, 590: 1e-9}}},
            id="rate decay",
        ),
    ],
)
def test_look_alikes(story: dict[str, Any]) -> None:
    assert loud(synthetic.run(**story)) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_wobbling_validation_loss(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wobbly = 0.3 + 0.05 * rng.standard_normal(30)
    val = dict(zip(range(20, 620, 20), wobbly, strict=True))
    assert loud(synthetic.run(val_loss=val)) == []


SICK = {
    "violent": {
        "stride": 1.0,
        "loss": np.r_[1.4, np.full(599, 9.0)],
        "accuracy": 0.25,
        "val_accuracy": 0.25,
        "top_share": 1.0,
    },
    "overfitted": {
        "val_loss": dict(zip(range(60, 660, 60), np.linspace(0.5, 2, 10), strict=True)),
        "val_accuracy": 0.6,
    },
    "healthy": {},
}


@QUICK
@given(power=st.integers(-6, 6), name=st.sampled_from(sorted(SICK)))
def test_the_unit_of_the_loss_does_not_matter(power: int, name: str) -> None:
    run = synthetic.run(**SICK[name])
    unit = 2.0**power
    objective = dict(run.facts["objective"])
    objective["trivial"] = {
        **objective["trivial"],
        "loss": unit * objective["trivial"]["loss"],
    }
    signals = {
        key: replace(s, values=unit * s.values) if key.endswith("/loss") else s
        for key, s in run.signals.items()
    }
    scaled = replace(run, signals=signals, facts={**run.facts, "objective": objective})
    assert verdict(scaled) == verdict(run)


@QUICK
@given(name=st.sampled_from(sorted(SICK)), seed=st.integers(0, 99))
def test_the_order_of_recording_does_not_matter(name: str, seed: int) -> None:
    run = synthetic.run(**SICK[name])
    rng = np.random.default_rng(seed)

    def shuffled(signal: Signal) -> Signal:
        order = rng.permutation(len(signal))
        return replace(signal, steps=signal.steps[order], values=signal.values[order])

    mixed = replace(run, signals={k: shuffled(s) for k, s in run.signals.items()})
    assert verdict(mixed) == verdict(run)
