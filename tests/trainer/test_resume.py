"""Trainings killed in mid-epoch go on as if nothing had happened, to the bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.trainer import killed
from wellfit.trainer.checkpoint import checkpoints_in

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="it needs fork")


def kill(folder, names):
    """Let these cases be killed, in another process."""
    root = Path(__file__).parents[2]
    program = [sys.executable, killed.__file__, str(folder), *names]
    path = os.pathsep.join([str(root / "src"), str(root)])
    environment = {**os.environ, "PYTHONPATH": path}
    subprocess.run(program, check=True, env=environment, timeout=600)


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The folders of all cases, as the killed processes have left them."""
    folder = tmp_path_factory.mktemp("killed")
    kill(folder, killed.CASES)
    return folder


@pytest.fixture(scope="module")
def left_matrix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    kill(folder, killed.MATRIX)
    return folder


def check(case, folder):
    """The resumed training against one that was never interrupted."""
    found, outcome = killed.train(case, killed.checkpoints(folder, resume="last"))
    expected, uninterrupted = killed.train(case)
    assert outcome.history == uninterrupted.history
    assert outcome == uninterrupted
    values = expected.state_dict()
    for name, value in found.state_dict().items():
        assert torch.equal(value, values[name]), name


@pytest.mark.parametrize("name", killed.CASES)
def test_a_killed_training_goes_on_to_the_bit(left, name):
    step = killed.step_of(checkpoints_in(left / name)[0])
    assert step > killed.FROM
    assert step % killed.STEPS
    check(killed.CASES[name], left / name)


@pytest.mark.slow
@pytest.mark.parametrize("name", killed.MATRIX)
def test_so_it_does_whatever_is_combined(left_matrix, name):
    check(killed.MATRIX[name], left_matrix / name)
