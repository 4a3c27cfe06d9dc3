"""A script run in this process, bare or watched: what it printed, its bits, its run."""

import contextlib
import io
import re
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.hashed import hashing
from wellfit.core.run import Run
from wellfit.record import Recorder, open_run
from wellfit.taps.torch import TorchTap


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a script did."""

    printed: str
    digest: str
    steps: int  # of all its optimizers
    losses: int  # that `backward` was called on

    def said(self, word: str) -> list[float]:
        """The numbers it printed after a word, a line each."""
        found = re.findall(rf"^{word} (\S+)$", self.printed, re.MULTILINE)
        return [float(number) for number in found]


def bare(script: Path) -> Ran:
    """Run a script as `python script` would."""
    out = io.StringIO()
    with (
        mock.patch.object(sys, "argv", [str(script)]),
        mock.patch.object(sys, "path", [str(script.parent), *sys.path]),
        contextlib.redirect_stdout(out),
        hashing() as bits,
    ):
        runpy.run_path(str(script), run_name="__main__")
    return Ran(
        printed=out.getvalue(),
        digest=bits.digest,
        steps=bits.steps,
        losses=bits.losses,
    )


def watched(script: Path, folder: Path, **options: float) -> tuple[Ran, Run]:
    """The same with a tap attached, and what it recorded."""
    with Recorder(folder) as recorder:
        tap = TorchTap(recorder, **options)
        tap.attach()
        try:
            ran = bare(script)
        finally:
            tap.finish()
    return ran, open_run(folder)
