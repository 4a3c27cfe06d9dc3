"""Every way people train: the same bits watched and unwatched, and rightly recorded.

Each script of tests/loops runs in this process bare, watched as by default, and
watched at every step. It prints `loss X` for each of its steps and `validation X` for
each pass over data held back, as people do: so what should be recorded is known.
"""

import functools
from pathlib import Path

import numpy as np
import pytest

from tests.watched import Ran, bare, watched

LOOPS = Path(__file__).parent.parent / "loops"
# Scripts that need a process of their own: they fork, or start others, or are long.
APART = {"accumulated", "recurrent", "spawned_workers"}
WAYS = sorted(p.stem for p in LOOPS.glob("*.py") if p.stem not in APART)
# The steps of scripts that do not say each by a line `loss X`: what is the loss of a
# step of theirs is a matter of taste.
STEPS = {
    "adversarial": 150,
    "closure": 30,
    "learned_start": 20,
    "patching": 32,
    "per_sample": 40,
    "reinforce": 40,
    "retained": 48,
    "sliced": 192,
    "teacher": 32,
    "threads": 40,  # of the first of its two trainings
}

# What some scripts make PyTorch itself warn of, watched or not.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*optimizer.step.*:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*prototype stage.*:UserWarning"),
]


# What does not hold yet, and why: strict, so that what is mended is noticed.
CHANGED = {"by_hand": "no step without an optimizer"}
MISSED = CHANGED


def _ways(broken: dict[str, str]) -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=broken[name]))
        if name in broken
        else name
        for name in WAYS
    ]


@functools.cache
def _alone(name: str) -> Ran:
    return bare(LOOPS / f"{name}.py")


@pytest.mark.parametrize("name", _ways(CHANGED))
def test_watching_changes_nothing(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone = _alone(name)
    capfd.readouterr()
    ran, run = watched(LOOPS / f"{name}.py", tmp_path / "run")
    assert ran == alone
    assert ran.steps or ran.losses  # else nothing was compared
    assert "wellfit" not in capfd.readouterr().err
    assert run.last_step > 0


@pytest.mark.parametrize("name", _ways(MISSED))
def test_every_step_is_seen_and_nothing_changes(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran, run = watched(LOOPS / f"{name}.py", tmp_path / "run", every=1)
    assert ran == _alone(name)
    assert "wellfit" not in capfd.readouterr().err
    losses = ran.said("loss")
    assert run.facts["training"]["steps"] == STEPS.get(name, len(losses))
    if name not in STEPS:
        signal = run.signal("train/loss")
        assert signal.steps.tolist() == list(range(len(losses)))
        np.testing.assert_allclose(signal.values, losses, rtol=1e-5)
    validated = ran.said("validation")
    if validated:
        values = run.signal("val/loss").values
        np.testing.assert_allclose(values, validated, rtol=1e-5)
