"""The process of a trial: it ends in time, with what it has started, and with us."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

ASKED = 2.0  # seconds, after which it is asked whether a trial is given up
LOOKED = 0.25  # seconds, after which it is looked at the memory that one takes
LEAVING = 10.0  # seconds, that one which is may take to end


class Process(Protocol):
    """What a trial is begun as."""

    @property
    def pid(self) -> int:
        """Its number, and that of the group that it leads."""

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The same, waited for; `subprocess.TimeoutExpired` after so many seconds."""


@dataclass(eq=False, kw_only=True, slots=True)
class Leashed:
    """A process from scratch, which ends once the pipe `leash` is closed."""

    popen: "subprocess.Popen[bytes]"
    leash: int | None

    @property
    def pid(self) -> int:
        """Its number, and that of the group that it leads."""
        return self.popen.pid

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._let_go(self.popen.poll())

    def wait(self, timeout: float | None = None) -> int:
        """The same, waited for."""
        ended = self.popen.wait(timeout)
        self._let_go(ended)
        return ended

    def _let_go(self, ended: int | None) -> int | None:
        leash = self.leash
        if ended is not None and leash is not None:
            self.leash = None
            os.close(leash)
        return ended


def start(
    words: Sequence[str],
    settings: Mapping[str, Any],
    said: Path,
    environ: Mapping[str, str],
    *,
    cwd: Path | None = None,
) -> Leashed:
    """Begin a training, as `taps/launch.py` takes it; what it prints goes to `said`."""
    told, leash = os.pipe()
    launch = [sys.executable, "-m", "wellfit.taps.launch"]
    try:
        with said.open("wb") as stream:
            popen = subprocess.Popen(
                [*launch, json.dumps({**settings, "leash": told}), *words],
                cwd=cwd,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                pass_fds=[told],
            )
    finally:
        os.close(told)
    return Leashed(popen=popen, leash=leash)


class TooLarge(Exception):
    """A trial has taken more memory than it may."""


def wait(
    process: Process,
    until: float,
    *,
    given_up: Callable[[], bool] | None = None,
    memory: int | None = None,
) -> None:
    """Until it has ended; `subprocess.TimeoutExpired` where it does not in time.

    `TooLarge` once it takes more `memory` than so many bytes.
    """
    every, asked = ASKED if memory is None else LOOKED, monotonic() + ASKED
    while (given_up or memory) and monotonic() + every < until:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=every)
            return
        if memory is not None and taken(process.pid) > memory:
            raise TooLarge
        if given_up is not None and monotonic() > asked:
            asked = monotonic() + ASKED
            if given_up():
                os.kill(process.pid, signal.SIGUSR1)
                until, given_up = monotonic() + LEAVING, None
    process.wait(timeout=max(0.0, until - monotonic()))


def taken(pid: int) -> int:
    """Bytes that a process and those it has started have in memory.

    Of pages that several of them have, each has a part: a data loader's workers share
    nearly all. That is told by Linux alone, and takes it milliseconds.
    """
    import psutil

    total = 0
    with suppress(psutil.Error):
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            with suppress(psutil.Error):
                full = process.memory_full_info()
                total += getattr(full, "pss", full.uss)
    return total


def end(process: Process) -> None:
    """End it and all that it has started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
