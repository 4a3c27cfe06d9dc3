"""A terminal for a script of which another one is shown: a pseudo-terminal."""

import os
import select
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

AT_ONCE = 65536  # bytes
LINGER = 0.5  # seconds of silence after which what was printed last is there
PATIENCE = 10.0  # seconds that a child which goes on printing is listened to


class PseudoTerminal:
    """Takes what a process prints to a terminal, of the size of ours.

    To the process it is a terminal: colours, progress bars and widths stay as they
    are. `hand_over` is called with what comes, from a thread of its own.
    """

    def __init__(self, hand_over: Callable[[bytes], None]) -> None:
        import pty

        self._ours, self.theirs = pty.openpty()
        self._hand_over = hand_over
        self._size = (0, 0)
        self._ended = threading.Event()
        self.resize()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def instead(self, stream: TextIO | None) -> int | None:
        """What to print to for a stream that is a terminal; a file stays a file."""
        return self.theirs if stream is not None and stream.isatty() else None

    def resize(self) -> None:
        """Take on the size of the terminal that standard error is."""
        import fcntl
        import termios

        with suppress(OSError):
            size = os.get_terminal_size(sys.stderr.fileno())
            if size != self._size:
                cells = struct.pack("HHHH", size.lines, size.columns, 0, 0)
                fcntl.ioctl(self._ours, termios.TIOCSWINSZ, cells)
                self._size = size

    def close(self) -> None:
        """The process has ended: hand over the rest.

        A child of its that goes on holds the terminal open, and is not waited for.
        """
        if self.theirs >= 0:
            os.close(self.theirs)
            self.theirs = -1
        self._ended.set()
        self._thread.join(PATIENCE)
        if not self._thread.is_alive():
            os.close(self._ours)

    def _read(self) -> None:
        while True:
            ended = self._ended.is_set()
            if not select.select([self._ours], [], [], LINGER)[0]:
                if ended:
                    return
                continue
            try:
                came = os.read(self._ours, AT_ONCE)
            except OSError:  # nobody holds the other end any more
                return
            if not came:
                return
            self._hand_over(came)
