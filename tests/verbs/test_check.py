"""`wellfit check` on real scripts: seen up to their first steps, and stopped."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wellfit.core.checklist import Phase, State
from wellfit.core.errors import BadScript, BadSetting
from wellfit.core.finding import NotChecked
from wellfit.core.run import Run
from wellfit.verbs import check as verb
from wellfit.verbs.check import check, is_script
from wellfit.verbs.checklist import of_data, of_script
from wellfit.verbs.diagnose import diagnose
from wellfit.verbs.habits import habits
from wellfit.verbs.tried import steps_of_framework

SICK = """
import atexit, torch
from torch import nn
import torch.nn.functional as F
atexit.register(lambda: open("left-behind", "w").close())

class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x
    @staticmethod
    def backward(ctx, grad):
        return grad

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.below, self.middle, self.top = (nn.Linear(4, 4) for _ in range(3))
    def forward(self, x):
        x = self.below(x).detach() + self.middle(x)
        return self.top(F.dropout(Double.apply(x).softmax(0)))

torch.manual_seed(0)
torch.set_num_threads(1)
x, y = torch.randn(400, 4), torch.arange(400) % 4
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
epochs = 50
try:
    for epoch in range(epochs):
        for rows in torch.randperm(len(x)).split(20):
            optimizer.zero_grad()
            F.cross_entropy(net(x[rows]), y[rows]).backward()
            optimizer.step()
finally:
    open("left-behind", "w").close()
"""


def test_a_sick_script_is_seen_through_and_stopped(tmp_path):
    (tmp_path / "sick.py").write_text(SICK)
    words = ["check", "--budget", "5m", "--json", "-", "--out", "run", "sick.py"]
    ended = subprocess.run(
        [sys.executable, "-m", "wellfit", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert said["findings"][0]["rule"] == "wrong-gradient"
    assert said["findings"][0]["where"] == ["Double"]
    assert said["healthy"] is False
    tried = {b["item"]: b for b in said["checklist"] if b["phase"] == "tried"}
    assert [item for item, box in tried.items() if box["state"] == "wrong"] == [
        "gradient check",
        "inputs and parameters",
        "samples kept apart",
        "training and evaluation mode",
    ]
    assert "below.weight" in tried["inputs and parameters"]["text"]
    assert "1,000 steps (50 × 20)" in tried["time and memory"]["text"]
    assert not (tmp_path / "left-behind").exists()
    page = (tmp_path / "run" / "checklist.html").read_text()
    assert "the backward pass of Double" in page
    assert "<script" not in page


FITS = """
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
x, y = load_iris(return_X_y=True)
LogisticRegression(max_iter=500).fit(x, y)
"""


def test_what_another_framework_does_not_show_is_not_checked(tmp_path):
    script = tmp_path / "fits.py"
    script.write_text(FITS)
    said = check(script, budget=300, out=tmp_path / "run")
    tried = [item for item in said.checklist if item.phase is Phase.TRIED]
    assert {item.state for item in tried} == {State.YOURS}
    assert all("not checked" in i.text for i in tried if i.item != "loss at the start")


@pytest.mark.parametrize(
    ("source", "status", "sentence"),
    [
        ("print('hello')", None, "trained nothing that could be seen"),
        ("import time\ntime.sleep(60)", None, "had not trained a step after 1 seconds"),
        ("import sys\nsys.exit(3)", 3, None),
        ("raise ValueError('no such column')", 1, None),
    ],
    ids=["trains-nothing", "is-late", "exits", "fails"],
)
def test_a_script_that_does_not_train_is_told_apart(tmp_path, source, status, sentence):
    script = tmp_path / "script.py"
    script.write_text(source)
    if sentence is not None:
        with pytest.raises(BadScript, match=sentence):
            check(script, budget=1, out=tmp_path / "run")
    else:
        assert check(script, budget=60, out=tmp_path / "run").script_exit == status


@pytest.mark.parametrize(
    ("subject", "options", "sentence"),
    [
        ("recipe.yaml", {}, "recipes cannot be checked yet"),
        ("train.py", {"target": "y"}, "--target is for data"),
        ("train.py", {"validation": "v.csv"}, "--validation is for data"),
        ("train.py", {"budget": 0}, "budget must be some seconds"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(subject, options, sentence):
    with pytest.raises(BadSetting, match=sentence):
        check(subject, **options)
    with pytest.raises(BadScript, match="no script"):
        check("no_such.py")


def test_scripts_are_told_from_data(tmp_path):
    (tmp_path / "__main__.py").touch()
    assert is_script("train.py")
    assert is_script(tmp_path)
    assert not is_script("data.csv")
    assert not is_script("data.parquet")


def test_rules_of_the_course_wait_for_it():
    said = verb._judged(Run.of(loss=[1.0, 0.9]), verb.Rules(ignore=["overfitting"]), 0)
    assert "course of a training" in said.not_checked["underfitting"].reason
    assert "overfitting" not in said.not_checked


def test_every_box_is_filled_whatever_was_seen():
    empty = Run.of()
    said = diagnose(empty)
    for boxes in (of_script(empty, said, habits(None)), of_data(empty, said)):
        assert len([b for b in boxes if b.phase is not Phase.TRIED]) == 20
        assert {box.state for box in boxes} == {State.YOURS}
        assert all(box.text for box in boxes)
    assert isinstance(said.not_checked["wrong-gradient"], NotChecked)


def test_habits_are_read_from_the_script_and_what_it_imports(tmp_path):
    (tmp_path / "main.py").write_text("import torch, loop\ntorch.manual_seed(0)\n")
    (tmp_path / "loop.py").write_text(
        "import torch\nimport wandb\ntorch.save(1, 'x')\n"
    )
    seen = habits(tmp_path / "main.py")
    assert seen.seeds == "torch.manual_seed, main.py:2"
    assert seen.saves == "torch.save, loop.py:3"
    assert seen.logs == "wandb, loop.py:2"
    assert (seen.resumes, seen.schedules) == (None, None)
    assert not habits(Path(os.devnull)).read


@pytest.mark.parametrize(
    ("facts", "steps"),
    [
        ({"max_epochs": 3, "max_steps": -1}, 6),
        ({"num_train_epochs": 3.0, "max_steps": 40}, 40),
        ({"max_epochs": -1}, None),
        ({}, None),
    ],
)
def test_steps_are_counted_where_a_framework_has_the_loops(facts, steps):
    known = {"loaders": {"train": {"rows": 100, "batch_size": 32}}}
    loop = {"accumulation": 2}
    run = Run.of(facts={"framework": facts, "loop": loop, **known})
    assert steps_of_framework(run)[0] == steps
