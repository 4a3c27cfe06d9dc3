"""`wellfit run --live` under a real pseudo-terminal."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from tests.show.live.screen import Screen

PRINTS = """
import shutil, sys, time
print("tty", sys.stdout.isatty(), sys.stderr.isatty(), *shutil.get_terminal_size())
print("\\x1b[31mred\\x1b[0m plain")
for share in range(5):
    print(f"\\rbar {share}", end="", file=sys.stderr, flush=True)
    time.sleep(0.1)
print("\\nsaid", input())
sys.exit(3)
"""
TRAINS = """
import time
import torch

model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
try:
    for step in range(100_000):
        x = torch.randn(8, 4)
        loss = torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        time.sleep(0.002)
        if step % 200 == 0:
            print(f"\\nat {step}", flush=True)
except KeyboardInterrupt:
    print("told once", flush=True)
    raise
"""


def start(
    folder: Path, *words: str, rows: int = 30, **env: str
) -> "pexpect.spawn[str]":
    command = ["-m", "wellfit", "run", "--out", "run", "--live", *words]
    kept = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS"}}
    return pexpect.spawn(
        sys.executable,
        command,
        cwd=str(folder),
        env={**kept, "TERM": "xterm-256color", **env},
        dimensions=(rows, 80),
        encoding="utf-8",
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prints.py").write_text(PRINTS)
    (tmp_path / "trains.py").write_text(TRAINS)
    return tmp_path


def test_the_script_has_a_terminal_and_its_own_status(folder: Path) -> None:
    running = start(folder, "prints.py")
    running.expect("bar 4")
    seen = running.before + running.after
    running.sendline("aloud")
    running.expect(pexpect.EOF)
    seen += running.before
    running.close()
    assert running.exitstatus == 3
    assert "\x1b[31mred\x1b[0m plain" in seen
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    assert "tty True True 80 " in plain
    assert "said aloud" in plain
    assert plain.count("bar 4") < 12  # in place, not on lines of its own
    assert "no training seen" in plain
    assert "\x1b[?25l" not in seen  # the cursor was never hidden


def test_ctrl_c_is_heard_once_and_a_diagnosis_follows(folder: Path) -> None:
    running = start(folder, "trains.py")
    running.expect("at 200", timeout=120)
    begun, seen = time.monotonic(), running.before + running.after
    for words in ("loss ", "findings"):  # a first frame may come before a first loss
        running.expect(words, timeout=60)
        seen += running.before + running.after
    running.setwinsize(30, 120)
    time.sleep(1)
    seconds = time.monotonic() - begun
    running.sendintr()
    running.expect(pexpect.EOF)
    running.close()
    after = running.before
    assert running.exitstatus == 130
    assert after.count("told once") == 1
    assert after.count("Traceback") == 1
    assert "Interrupted: this is what was seen" in after
    frames = seen[seen.index("at 200") :] if "at 200" in seen else seen
    assert frames.count("\x1b[?2026h") <= 4 * seconds + 2
    whole = Screen().write((seen + after).replace("^C", ""))
    kept = [line for line in whole.lines if line.startswith("── wellfit")]
    assert [len(line) for line in kept] == [100]  # the last, as wide as it is now
    assert [line for line in whole.lines if line == "at 0"] == ["at 0"]


@pytest.mark.parametrize("how", ["dumb", "pipe"])
def test_elsewhere_it_is_as_without(how: str, folder: Path) -> None:
    if how == "dumb":
        running = start(folder, "prints.py", TERM="dumb")
        running.sendline("aloud")
        running.expect(pexpect.EOF)
        running.close()
        printed, status = running.before, running.exitstatus
        assert "tty True True 80 " in printed
    else:
        command = ["-m", "wellfit", "run", "--live", "prints.py"]
        ran = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            input="aloud\n",
            capture_output=True,
            text=True,
            check=False,
        )
        printed, status = ran.stdout + ran.stderr, ran.returncode
        assert ran.stdout.startswith("tty False False")
    assert status == 3
    assert "?2026" not in printed
    assert printed.replace("\x1b[31m", "").replace("\x1b[0m", "").count("\x1b") == 0


def test_output_to_a_file_goes_there_and_the_view_to_the_terminal(folder: Path) -> None:
    shell = f"{sys.executable} -m wellfit run --out run --live prints.py > said.txt"
    running = pexpect.spawn(
        "/bin/sh",
        ["-c", shell],
        cwd=str(folder),
        env={**os.environ, "TERM": "xterm"},
        encoding="utf-8",
        timeout=120,
    )
    running.expect("bar 4")
    running.sendline("aloud")
    running.expect(pexpect.EOF)
    running.close()
    assert running.exitstatus == 3
    assert (folder / "said.txt").read_text().startswith("tty False True")
