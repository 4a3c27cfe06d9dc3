"""Scripts that train, as their users write them, and what they train to."""

import subprocess
import sys
from pathlib import Path

import torch

from tests.taps.test_changes import changed
from wellfit.core.plan import Change, Plan
from wellfit.sources.diff import EDITS, diff_of, written
from wellfit.sources.project import Project

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
x = torch.randn(48, 4)
y = (x[:, :1] * 2 - x[:, 1:2]).sin()
"""
PLAIN = (
    HEAD
    + """
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
losses = []
for step in range(8):
    loss = F.mse_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()

    # down the hill
    optimizer.step()
    losses.append(loss.item())
"""
)


def change(name, **params):
    return Change(change=name, params=params)


def losses_of(code, *changes):
    """The losses of a script, as it is or changed while it trains."""
    space = {"__name__": "__main__"}
    with changed(*changes) as kept:
        exec(compile(code, "train.py", "exec"), space)
    assert not kept.facts["plan"].get("without_effect"), kept.facts
    return torch.tensor(space["losses"], dtype=torch.float64)


def edited(code, *changes, edits=EDITS):
    """Its text with the changes, and why others are left."""
    path = Path("train.py")
    project, left = written(Plan.of(*changes), Project(files={path: code}), edits)
    return project.files[path], {change.id: why for change, why in left}


def same(code, *changes):
    """Whether the edited text trains as the plan has the script train; the text."""
    new, left = edited(code, *changes)
    assert not left
    assert torch.equal(losses_of(new), losses_of(code, *changes)), new
    assert not torch.equal(losses_of(new), losses_of(code))
    again, _ = edited(new, *changes)
    assert again == new, "applied twice it must be applied once"
    return new


def patched(folder, plan, script="train.py", **how):
    """The diff of a script, applied as a user would."""
    found = diff_of(plan, folder / script, **how)
    (folder / "changes.diff").write_text(found.text)
    command = ["patch", "-p1", "--input", "changes.diff"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return found


def printed(folder, *words):
    """What a script says."""
    ran = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return ran.stdout
