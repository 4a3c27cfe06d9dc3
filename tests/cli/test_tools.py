"""`--to`: what the command line adds to the exporters."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

TRAINING = """
import sys, time
import torch
from torch import nn

torch.manual_seed(0)
print("to standard output")
x = torch.randn(64, 8)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(120):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    time.sleep(0.01)
print(f"{loss.item():.1f}", end="")
sys.exit(3)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(TRAINING)
    return tmp_path


def _ran(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    clean = {k: v for k, v in os.environ.items() if k[:6] not in {"WANDB_", "COMET_"}}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**clean, "HOME": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


SHOWN = {
    "tensorboard=logs": ("→ tensorboard --logdir logs", "logs/net/train/events.*"),
    "wandb": ("→ wandb sync ", "wandb/offline-run-*/run-*.wandb"),
    "comet": ("→ comet upload ", ".cometml-runs/*.zip"),
    "mlflow": ("→ MLflow run ", "mlruns/0/*/metrics/train/loss"),
}


@pytest.mark.parametrize(
    "tools",
    [
        pytest.param(["tensorboard=logs", "wandb"], id="two"),
        pytest.param(list(SHOWN), id="all", marks=pytest.mark.slow),
    ],
)
def test_output_and_status_stay_the_scripts_own(folder: Path, tools: list[str]) -> None:
    (folder / "blocked").write_text("no folder can be here")
    options = [
        word for tool in [*tools, "tensorboard=blocked"] for word in ("--to", tool)
    ]
    ran = _ran(folder, "-m", "wellfit", "run", "--out", "net", *options, "train.py")
    assert re.fullmatch(r"to standard output\n0\.\d", ran.stdout)
    assert ran.returncode == 3
    lines = ran.stderr.splitlines()
    (fault,) = [line for line in lines if line.startswith("wellfit: ")]
    assert fault.startswith("wellfit: TensorBoard gets nothing more of this run: ")
    for line, tool in zip(lines[-len(tools) :], tools, strict=True):
        sentence, written = SHOWN[tool]
        assert line.strip().startswith(sentence)
        assert list(folder.glob(written))


def test_what_is_wrong_with_a_tool_is_said_before_the_script_runs(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = _ran(
            folder, "-m", "wellfit", "run", "--to", f"prometheus=:{port}", "train.py"
        )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert f"must name a port that is free; got 127.0.0.1:{port}" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_recorded_run_is_written_too(wellfit, recorded: Path) -> None:
    said = wellfit("report", "first", "--to", "tensorboard=logs", "--to", "prometheus")
    assert said.status == 0
    assert said.out.strip() == str(recorded / "first" / "report.html")
    assert "tensorboard --logdir logs" in said.err
    assert list(Path("logs/first/val").iterdir())
    assert (recorded / "first" / "openmetrics.txt").read_text().endswith("# EOF\n")


ENDLESS = TRAINING.replace(
    "for step in range(120):", "while not __import__('os').path.exists('stop'):"
)


def test_a_run_can_be_scraped_while_it_goes_on(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(ENDLESS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--quiet", "--out", "net", "--to", f"prometheus=:{port}", "train.py"]
    command = [sys.executable, "-m", "wellfit", "run", *options]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until, text = time.monotonic() + 300, ""
        while 'wellfit_loss{phase="train",run="net"' not in text:
            assert time.monotonic() < until, text
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                address = f"http://127.0.0.1:{port}/metrics"
                text = urllib.request.urlopen(address).read().decode()
        (tmp_path / "stop").touch()
        out, err = process.communicate()
    assert out.startswith("to standard output\n")
    assert err == ""
    assert process.returncode == 3
