"""The plan as a diff, applied as a user would apply it."""

import subprocess

import pytest

from tests.sources.scripts import PLAIN, change, edited, patched
from wellfit.core.plan import Plan
from wellfit.remedies.plans import read_plan
from wellfit.sources.diff import EDITS, diff_of

LOWER = change("lower-learning-rate", factor=0.1)
CLIP = change("clip-gradients", norm=1.0)
SCALE = change("standardize-inputs")
NET = """\
from torch import nn, optim


def build():
    net = nn.Linear(4, 1)
    return net


def optimizer_of(net):
    # the usual one
    return optim.SGD(net.parameters(), lr=0.3)
"""
MAIN = """\
import lib.net as made
from lib.net import optimizer_of
optimizer = optimizer_of(made.build())
optimizer.step()
"""


def test_a_diff_applies_and_says_what_it_lacks(tmp_path, monkeypatch):
    (tmp_path / "train.py").write_text(PLAIN)
    monkeypatch.chdir(tmp_path)
    found = patched(tmp_path, Plan.of(LOWER, SCALE))
    assert (tmp_path / "train.py").read_text() == PLAIN.replace("0.3", "0.3 * 0.1")
    head, _, rest = found.text.partition("--- a/train.py\n+++ b/train.py\n")
    assert "# lower-learning-rate(factor=0.1)\n" in head
    assert 'wellfit.apply("left.yaml")' in head
    assert "#   standardize-inputs(): wellfit does it while it trains" in head
    assert rest.count("\n+") == rest.count("\n-") == 1
    assert found.save(tmp_path) == tmp_path / "changes.diff"
    assert read_plan(tmp_path / "left.yaml") == found.rest == Plan.of(SCALE)


def test_git_applies_it_too_and_the_files_beside_are_edited(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "net.py").write_text(NET)
    (tmp_path / "train.py").write_text(MAIN)
    monkeypatch.chdir(tmp_path)
    found = diff_of(Plan.of(LOWER), "train", module=True)
    assert not found.left
    assert found.save(tmp_path)
    command = ["git", "apply", "changes.diff"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "lib" / "net.py").read_text() == NET.replace("3)", "3 * 0.1)")
    assert (tmp_path / "train.py").read_text() == MAIN
    assert not (tmp_path / "left.yaml").exists()


@pytest.mark.parametrize("ends", ["", "\n", "\n\n"])
def test_a_file_ends_as_it_ended(tmp_path, ends):
    code = f"import torch\no = torch.optim.SGD([], lr=0.3){ends}"
    (tmp_path / "train.py").write_text(code)
    patched(tmp_path, Plan.of(LOWER))
    assert (tmp_path / "train.py").read_text() == code.replace("0.3", "0.3 * 0.1")


def test_an_edit_that_fails_is_left_and_loses_nothing():
    def fails(project, params):
        raise RuntimeError("never seen")

    edits = {**EDITS, "lower-learning-rate": fails}
    new, left = edited(PLAIN, LOWER, CLIP, edits=edits)
    assert "could not be followed (RuntimeError)" in left[LOWER.id]
    assert "clip_grad_norm_" in new


def test_what_cannot_be_read_or_edited_gives_no_diff(tmp_path):
    (tmp_path / "train.py").write_text("this is no Python")
    found = diff_of(Plan.of(LOWER), tmp_path / "train.py")
    assert (found.text, found.rest) == ("", Plan.of(LOWER))
    assert found.save(tmp_path) is None
    assert diff_of(Plan.of(LOWER), tmp_path / "no.py").left
