"""A Ray cluster, reached; what stands in the way is said within seconds."""

import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from wellfit.core.errors import BadSetting, MissingExtra

HERE = "ray"  # the cluster that this machine is part of
FAR = "ray://"
PORT = 10001  # Ray's own for those from outside
REACHING = 5.0  # seconds
CURRENT = Path("ray", "ray_current_cluster")  # where `ray start` says its address


def check(on: str) -> None:
    """`BadSetting` for what is no name of a cluster."""
    host = urlsplit(on).hostname if on.startswith(FAR) else None
    if on != HERE and not host:
        raise BadSetting(f"on must be local, ray or ray://HOST; got {on!r}")


@contextmanager
def connected(on: str) -> Iterator[ModuleType]:
    """Ray, connected to a cluster; one that is connected already stays as it is.

    `BadSetting` where there is no cluster, `MissingExtra` where there is no Ray.
    """
    try:
        import ray
    except ImportError as error:
        raise MissingExtra(f"--on {on}", extra="ray") from error
    if ray.is_initialized():
        yield ray
        return
    address = _address(on)
    if address != "auto":
        _reach(on, address)
    ending = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if address == "auto" and isinstance(error, ConnectionError):
            said = "none was found"
        raise BadSetting(f"{_expected(on)}; {said}: {_advice(on)}") from error
    try:
        with _quiet():
            yield ray
    except ConnectionError as error:
        raise BadSetting(
            f"the cluster at {address} was there and answers no more: start again with "
            "the same --out once it does; trials that have ended are not run again"
        ) from error
    finally:
        ray.shutdown()
        if signal.getsignal(signal.SIGTERM) is not ending:
            signal.signal(signal.SIGTERM, ending)


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of Ray's on standard output, which results may be written to.

    It says there what it sees of machines that go away, also where nothing of theirs is
    to be shown; it has no setting for that.
    """
    from ray._private import worker

    shown = getattr(worker, "_worker_logs_enabled", True)
    worker._worker_logs_enabled = False
    try:
        yield
    finally:
        worker._worker_logs_enabled = shown


def _address(on: str) -> str:
    if on != HERE:
        port = urlsplit(on).port or PORT
        return f"{FAR}{urlsplit(on).hostname}:{port}"
    said = os.environ.get("RAY_ADDRESS")
    if said:
        return said
    file = Path(os.environ.get("RAY_TMPDIR", "/tmp")) / CURRENT
    return file.read_text().strip() if file.exists() else "auto"


def _reach(on: str, address: str) -> None:
    """Ray itself tries for minutes where nothing answers."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        place = parts.hostname or "", parts.port or PORT
        socket.create_connection(place, timeout=REACHING).close()
    except (OSError, ValueError) as error:
        where = f"{parts.hostname}:{parts.port or PORT}"
        raise BadSetting(
            f"{_expected(on)}; nothing answers at {where}: {_advice(on)}"
        ) from error


def _expected(on: str) -> str:
    which = "that this machine is part of" if on == HERE else f"at {on}"
    return f"--on {on} expects a Ray cluster {which}"


def _advice(on: str) -> str:
    if on == HERE:
        return "start one by `ray start --head`, or name one that runs as ray://HOST"
    return (
        "see that it runs (`ray status` there), that its client's port is open, and "
        "that Ray and Python are of the same version there"
    )
