"""A process that has loaded libraries, and forks for each training it is asked for.

    python -m wellfit.taps.forkserver FD

To load PyTorch takes longer than many a training. What to load is read from standard
input, a name a line. FD is a socket: a request is a JSON object (`settings` and
`words`, as `wellfit.taps.launch` takes them, and the file `said` for what it prints),
and comes with a connection of its own, by which it is told the process (`pid`) and then
how it `ended`. Once whoever asks is gone, all that was begun ends. (The fork server of
the standard library has neither an environment of its own nor such connections.)
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any

LONGEST = 65_536  # bytes of a request


def main() -> None:
    """Load the modules, and serve; a child goes on as the training it was begun for."""
    for name in sys.stdin.read().split():
        with suppress(Exception):  # not all that is loaded can be loaded by its name
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a child that looked through all of it would copy all of it
    request = _serve(socket.socket(fileno=int(sys.argv[1])))
    if request is None:
        return
    sys.argv = [sys.argv[0], json.dumps(request["settings"]), *request["words"]]
    from wellfit.taps import launch

    launch.main(loaded=True)


def _serve(asking: socket.socket) -> Mapping[str, Any] | None:
    """Fork for each request: the request in the child, None at the end."""
    running: dict[int, tuple[int, socket.socket]] = {}  # by a descriptor of the process
    with DefaultSelector() as ready:
        ready.register(asking, EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is not asking:
                    ready.unregister(key.fileobj)
                    _tell_end(key.fd, *running.pop(key.fd))
                    continue
                text, fds, _, _ = socket.recv_fds(asking, LONGEST, 1)
                if not text:
                    for pid, _ in running.values():
                        with suppress(ProcessLookupError):
                            os.killpg(pid, signal.SIGKILL)
                    return None
                connection = socket.socket(fileno=fds[0])
                pid = os.fork()
                if not pid:
                    for end in (asking, connection, *(c for _, c in running.values())):
                        end.close()
                    for process in running:
                        os.close(process)
                    request: Mapping[str, Any] = json.loads(text)
                    _become(request)
                    return request
                with suppress(ProcessLookupError, PermissionError):
                    os.setpgid(pid, pid)  # if it has not come to that itself
                process = os.pidfd_open(pid)
                running[process] = pid, connection
                ready.register(process, EVENT_READ)
                _tell(connection, pid=pid)


def _become(request: Mapping[str, Any]) -> None:
    """A process of its own, which prints to a file."""
    with suppress(PermissionError):
        os.setsid()
    said = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.close(said)


def _tell_end(process: int, pid: int, connection: socket.socket) -> None:
    os.close(process)
    _, status = os.waitpid(pid, 0)
    _tell(connection, ended=os.waitstatus_to_exitcode(status))
    connection.close()


def _tell(connection: socket.socket, **said: int) -> None:
    with suppress(OSError):  # nobody waits for it any more
        connection.send(json.dumps(said).encode())


if __name__ == "__main__":
    main()
