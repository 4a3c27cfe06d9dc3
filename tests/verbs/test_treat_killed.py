"""A treatment that is killed leaves nothing running, and goes on where it was."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from wellfit.core.plan import Change, Plan
from wellfit.trials.executors.local import Local

LOWER = Plan.of(Change(change="lower-learning-rate", params={"factor": 0.01}))
# Its rate is far too high: it ends where it began, or worse.
SCRIPT = """
import os, time
import torch
from torch import nn
def say(word):
    with open({said!r}, "a") as file:
        file.write(word + "\\n")
say("begun")
time.sleep(1.0)  # in which it can be killed
torch.set_num_threads(1)
torch.manual_seed(0)
x = torch.randn(200, 5)
y = x @ torch.randn(5, 1) + 0.1 * torch.randn(200, 1)
net = nn.Linear(5, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.9)
for epoch in range(4):
    net.train()
    for rows in torch.randperm(150).split(15):
        loss = nn.functional.mse_loss(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        held = nn.functional.mse_loss(net(x[150:]), y[150:])
say("ended")
"""
PATIENCE = 900.0  # seconds


def treating(folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "wellfit", "treat", "--out", "out", "--quiet"]
    return subprocess.Popen(
        [*command, "--json", "result.json", *words, "train.py"],
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )


def said(folder: Path, word: str) -> list[str]:
    """What trainings have said of themselves: those that have begun, or ended."""
    file = folder / "said.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return [line for line in lines if line.startswith(word)]


def kill(folder: Path, *words: str, after: int) -> None:
    """Kill a treatment once so many trainings have begun in all."""
    with treating(folder, *words) as treatment:
        until = time.monotonic() + PATIENCE
        while len(said(folder, "begun")) < after:
            assert treatment.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < until
            time.sleep(0.01)
        started = psutil.Process(treatment.pid).children(recursive=True)
        treatment.kill()
    assert started
    _, running = psutil.wait_procs(started, timeout=20)
    assert not [p for p in running if p.status() != psutil.STATUS_ZOMBIE]


def treated(folder: Path, *words: str) -> dict[str, object]:
    with treating(folder, *words) as treatment:
        assert treatment.wait(PATIENCE) == 0
    result = json.loads((folder / "result.json").read_text())
    return {**result, "seconds": 0}


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT.format(said=str(folder / "said.txt")))
    LOWER.save(folder / "plan.yaml")
    return folder


@pytest.mark.slow
def test_a_proof_goes_on_where_it_was_killed(tmp_path):
    whole, killed = project(tmp_path / "whole"), project(tmp_path / "killed")
    words = "--with", "plan.yaml", "--jobs", "2"
    expected = treated(whole, *words)
    for place in (3, 8):
        kill(killed, *words, after=place)
    assert treated(killed, *words) == expected
    assert expected["outcome"] == "better"
    trials = len(said(whole, "begun"))
    assert len(said(killed, "ended")) == trials  # none that ended was run again
    assert 1 <= len(said(killed, "begun")) - trials <= 4  # those interrupted were


@pytest.mark.slow
def test_a_search_goes_on_where_it_was_killed(tmp_path):
    """In the script as it is, and in what is tried first."""
    killed = project(tmp_path / "killed")
    for place in (1, 3):
        kill(killed, "--trust", after=place)
    result = treated(killed, "--trust")
    assert result["outcome"] == "tried"
    assert len(said(killed, "ended")) == result["trials"]
    assert len(said(killed, "begun")) == result["trials"] + 2
    assert treated(killed, "--trust") == result  # all of it is there
    assert len(said(killed, "ended")) == result["trials"]


def test_what_was_killed_before_it_wrote_anything_is_run_anew(tmp_path):
    folder = tmp_path / "out" / "trials" / "seed-1"
    folder.mkdir(parents=True)
    (folder / "run.db").touch()  # as a file is that has just been made
    script = tmp_path / "train.py"
    script.write_text("print('done')")
    local = Local(words=[str(script)], module=False, folder=tmp_path / "out")
    run = local.run(Plan(), 1, seconds=60)
    assert run.facts["outcome"]["exit"] == 0
