"""Trials forked off a process that has loaded their libraries: seconds less for each.

Only where that is the same to the bit: on Linux, and not of a script that sets what is
read while PyTorch is being loaded, such as OMP_NUM_THREADS.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from wellfit.core.run import Run
from wellfit.taps.seeds import ORDERS

# Packages that may be loaded before a fork: they have begun no thread by then, or can
# do without it. TensorFlow, JAX and the boosters cannot.
SAFE = frozenset(
    (
        *(
            "numpy",
            "scipy",
            "pandas",
            "sklearn",
            "joblib",
            "PIL",
            "torch",
            "torchvision",
        ),
        *("lightning", "pytorch_lightning", "torchmetrics", "transformers"),
        *("tokenizers", "safetensors", "accelerate", "peft", "wellfit"),
    )
)
# What a trial loads beyond what the script has loaded, by what it trains with.
MORE = {
    "torch": ("wellfit.taps.torch.changes",),
    "sklearn": (
        *("wellfit.taps.sklearn.changes", "wellfit.data.fed"),
        *("sklearn.ensemble", "sklearn.neighbors", "sklearn.decomposition"),
    ),
}
MOST = ORDERS  # servers that are kept, of about 300 MiB each


@dataclass(eq=False, kw_only=True, slots=True)
class Forked:
    """A process that a fork server has begun."""

    pid: int
    connection: socket.socket
    ended: int | None = None

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0.0)
        return self.ended

    def wait(self, timeout: float | None = None) -> int:
        """The same, waited for."""
        if self.ended is None:
            self.connection.settimeout(timeout)
            try:
                text = self.connection.recv(1024)
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired("a trial", timeout or 0.0) from error
            self.ended = int(json.loads(text)["ended"]) if text else -9
            self.connection.close()
        return self.ended


class Server:
    """A process of `wellfit.taps.forkserver`, with an environment of its own."""

    def __init__(self, modules: Sequence[str], environ: Mapping[str, str]) -> None:
        self._asking, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "wellfit.taps.forkserver"]
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())],
                env=environ,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                text=True,
            )
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as names:
            names.write("\n".join(modules))

    def start(self, request: Mapping[str, Any]) -> Forked | None:
        """Begin a training; None where that cannot be."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                text = json.dumps(request).encode()
                socket.send_fds(self._asking, [text], [theirs.fileno()])
            except OSError:  # it has ended, or the request is too long
                ours.close()
                return None
        text = ours.recv(1024)
        if not text:
            ours.close()
            return None
        return Forked(pid=json.loads(text)["pid"], connection=ours)

    def close(self) -> None:
        """End it, and all that it has begun."""
        self._asking.close()
        self._process.wait()


@dataclass(eq=False, kw_only=True, slots=True)
class Forks:
    """The fork servers of a treatment: one for each environment, which a seed is of."""

    modules: Sequence[str] = ()  # what they load; without any, nothing is forked
    impossible: bool = False
    _servers: dict[tuple[tuple[str, str], ...], Server] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def learn(self, run: Run, loaded: Sequence[str]) -> None:
        """Load from now on what the script has loaded, whose run that is."""
        sets = (run.facts.get("command") or {}).get("sets_environment")
        known = sys.platform == "linux" and hasattr(os, "pidfd_open")
        if self.impossible or sets or not known:
            return
        safe = [name for name in loaded if name.partition(".")[0] in SAFE]
        trains = next((name for name in MORE if name in safe), None)
        if trains is not None:
            self.modules = [*safe, *MORE[trains]]

    def start(
        self,
        settings: Mapping[str, Any],
        words: Sequence[str],
        said: Path,
        environ: Mapping[str, str],
    ) -> Forked | None:
        """Begin a training by a fork; None where it is to be a process from scratch."""
        if not self.modules:
            return None
        request = {
            "settings": dict(settings),
            "words": list(words),
            "said": str(said.absolute()),
        }
        begun = self._server(environ).start(request)
        if begun is None:
            self.close()
            self.modules, self.impossible = (), True
        return begun

    def _server(self, environ: Mapping[str, str]) -> Server:
        key = tuple(sorted(environ.items()))
        with self._lock:
            server = self._servers.pop(key, None) or Server(self.modules, environ)
            self._servers[key] = server  # the last that was asked
            while len(self._servers) > MOST:
                self._servers.pop(next(iter(self._servers))).close()
        return server

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            while self._servers:
                self._servers.popitem()[1].close()
