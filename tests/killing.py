"""A loss that kills its own process in mid-epoch: code for a training to import."""

import os
import signal
import subprocess
import sys
from pathlib import Path

TEMPLATE = """
import os, signal, threading, time
from pathlib import Path
from torch import nn
from wellfit.trainer.checkpoint import checkpoints_in, step_of

class Loss(nn.{base}):
    '''Kills its process in mid-epoch, once a checkpoint is from within an epoch.'''
    def forward(self, outputs, targets):
        folder = os.environ.get("KILLED_IN")
        if folder and outputs.requires_grad:
            for thread in threading.enumerate()[1:]:
                if not thread.daemon:
                    thread.join()
            steps = map(step_of, checkpoints_in(Path(folder)))
            if any(s > {after} and s % {epoch} for s in steps):
                time.sleep(1.5)  # what was recorded is on disk within a second
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep({pause})  # so that a checkpoint is worth its time
        return super().forward(outputs, targets)
"""


def loss(base: str, *, after: int, epoch: int, pause: float) -> str:
    """Its code, of PyTorch's `base`: it kills once a checkpoint is `after` that step.

    An `epoch` has so many steps; each step pauses for so many seconds.
    """
    return TEMPLATE.format(base=base, after=after, epoch=epoch, pause=pause)


def killed(path: Path, out: Path) -> None:
    """Train by the recipe in another process, which kills itself."""
    program = [sys.executable, "-m", "wellfit", "train", path, "--out", out, "--quiet"]
    environment = {**os.environ, "KILLED_IN": str(out / "checkpoints")}
    ended = subprocess.run(program, check=False, env=environment, timeout=300)
    assert ended.returncode == -signal.SIGKILL
