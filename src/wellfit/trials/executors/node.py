"""A trial on another machine: its code unpacked, run and watched, its run sent back."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import wellfit
from wellfit.record import write_environment
from wellfit.taps.edited import write_texts
from wellfit.trials.executors.process import TooLarge, end, start, wait
from wellfit.trials.executors.sent import packed, unpack
from wellfit.trials.executors.trial import SAID

OURS = Path(wellfit.__file__).parent.parent  # where this wellfit lies


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What a machine is told of a trial.

    `settings` are those of `taps/launch.py`; `paths` are folders of the code that
    modules are imported from; `environ` is set beside what the machine has; `memory` is
    the most bytes that it may take; `edited` are changes, and texts that are run in the
    place of files of the code.
    """

    words: Sequence[str]
    settings: dict[str, Any]
    paths: Sequence[str]
    environ: dict[str, str]
    seconds: float
    memory: int | None
    edited: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came of it: whether it ended by itself, after how long, and its folder.

    It is `large` where it took more memory than it may.
    """

    ended: bool
    large: bool
    seconds: float
    files: bytes


def train(job: Job, code: bytes, *, room: Path) -> Came:
    """Run a trial in an empty folder of its own, `room`."""
    begun = monotonic()
    home, folder = room / "code", room / "run"
    folder.mkdir()
    home.mkdir()
    unpack(code, home)
    settings = {**job.settings, "folder": str(folder), **_edited(job, home, folder)}
    environ = _environ(job, home)
    process = start(job.words, settings, folder / SAID, environ, cwd=home)
    large = late = False
    try:
        wait(process, begun + job.seconds, memory=job.memory)
    except subprocess.TimeoutExpired:
        late = True
    except TooLarge:
        large = True
    finally:
        end(process)
    seconds = monotonic() - begun
    write_environment(folder, list(job.words))
    return Came(
        ended=not (late or large), large=large, seconds=seconds, files=packed(folder)
    )


def _edited(job: Job, home: Path, folder: Path) -> dict[str, Any]:
    if not job.edited:
        return {}
    texts = {home / file: text for file, text in job.edited["texts"].items()}
    return {"edited": {**job.edited, "texts": write_texts(folder, texts)}}


def _environ(job: Job, home: Path) -> dict[str, str]:
    """What the machine has, with wellfit as it was sent before what is installed."""
    before = [str(OURS), *(str(home / path) for path in job.paths)]
    paths = [*before, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **job.environ, "PYTHONPATH": os.pathsep.join(paths)}
