"""Where a trial works: in folders of its own, whatever the command line."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from wellfit.core.plan import Change, Plan
from wellfit.record import open_run
from wellfit.trials.executors.local import Local
from wellfit.trials.executors.workplace import Workplace

SCRIPT = """
import json, sys
from pathlib import Path
import torch
from lib.net import Net

torch.manual_seed(0)
x = torch.tensor(json.loads(Path("../data/rows.json").read_text()))
kept = Path("out/last.json")
begun = json.loads(kept.read_text()) if kept.exists() else 0
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(4):
    optimizer.zero_grad()
    loss = net(x).square().mean()
    loss.backward()
    optimizer.step()
kept.write_text(json.dumps(begun + 1))
Path(__file__).with_name("beside.txt").write_text("x")
torch.save(net.state_dict(), "out/best.pt")
print(begun)
"""
NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 4)
        self.last = nn.Linear(4, 1)

    def forward(self, x):
        return self.last(torch.sigmoid(self.first(x)))
"""
SWAP = Plan.of(Change(change="swap-activations", params={"to": "relu"}))


@pytest.fixture
def project(tmp_path, monkeypatch):
    code = tmp_path / "project" / "code"
    for folder in (code / "lib", code / "out", tmp_path / "project" / "data"):
        folder.mkdir(parents=True)
    (tmp_path / "project" / "data" / "rows.json").write_text("[[1.0, 2.0], [0.5, 3.0]]")
    (code / "out" / "last.json").write_text("7")
    (code / "out" / "best.pt").write_text("mine")
    (code / "lib" / "net.py").write_text(NET)
    (code / "train.py").write_text(SCRIPT)
    monkeypatch.chdir(code)
    return code


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "words", [("train.py", "-x"), ("{code}/train.py",), ("train",)]
)
def test_the_command_line_is_that_of_the_mirror(project, tmp_path, words):
    words = [word.replace("{code}", str(project)) for word in words]
    at = Workplace.made(tmp_path / "trial", words, module=words[0] == "train")
    assert at.cwd == Path(at.mirror.here(project))
    assert at.words[1:] == tuple(words[1:])
    if Path(words[0]).is_absolute():
        assert at.words[0] == str(at.cwd / "train.py")
    else:
        assert at.words[0] == words[0]
    at.clear()
    assert not at.cwd.exists()


def test_a_script_in_a_folder_below_is_copied_with_its_folder(project, monkeypatch):
    monkeypatch.chdir(project.parent)
    at = Workplace.made(project.parent / "trial", ["code/train.py"], module=False)
    assert not (at.cwd / "code").is_symlink()
    assert not (at.cwd / "code" / "train.py").is_symlink()
    assert (at.cwd / "code" / "lib").is_symlink()


@pytest.mark.slow
def test_trials_meet_nothing_of_each_other_nor_of_the_user(project, tmp_path):
    local = Local(words=["train.py"], module=False, folder=tmp_path / "out")
    with closing(local.forks):  # the second is forked, with PyTorch loaded
        runs = [local.run(plan, 0, seconds=300) for plan in (Plan(), SWAP)]
    for plan, run in zip((Plan(), SWAP), runs, strict=True):
        folder = local.place(plan, 0)
        assert run.facts["outcome"]["exit"] == 0, (folder / "said.txt").read_text()
        assert (folder / "said.txt").read_text() == "7\n"
        assert names(folder / "files") == {"last.json", "beside.txt", "best.pt"}
        assert "outside" not in run.facts
    assert (project / "out" / "last.json").read_text() == "7"
    assert (project / "out" / "best.pt").read_text() == "mine"
    assert names(project / "out") == {"last.json", "best.pt"}
    assert not (project / "beside.txt").exists()
    plan = runs[1].facts["plan"]
    assert plan["in_source"] == [SWAP.changes[0].id]
    assert plan["without_effect"] == {}
    bare, swapped = (run.signal("loss").values for run in runs)
    assert list(bare) != list(swapped)


@pytest.mark.slow
def test_a_run_with_the_plan_trains_as_the_trial_did(project, tmp_path):
    local = Local(words=["train.py"], module=False, folder=tmp_path / "out")
    with closing(local.forks):
        trial = local.run(SWAP, 0, seconds=300)
    SWAP.save(project / "plan.yaml")
    command = [sys.executable, "-m", "wellfit", "run", "--with", "plan.yaml", "--quiet"]
    command += ["--out", str(tmp_path / "run"), "--json", "said.json", "train.py"]
    subprocess.run(command, check=True, capture_output=True)
    run = open_run(tmp_path / "run")
    assert list(run.signal("loss").values) == list(trial.signal("loss").values)
    assert json.loads(Path("said.json").read_text())["script_exit"] == 0
    assert "sigmoid" in (project / "lib" / "net.py").read_text()  # as it was
