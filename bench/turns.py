"""Trainings that are measured side by side: each in a process of its own, in turns.

A machine is never as fast as a moment ago: what runs beside it, in the same machine or
in its neighbour on the same processor, makes a step of one second cost a fifth more
than that of the second before. So each training does a few steps, hands on the turn,
and waits; and what is compared was measured within a second or two. A turn is not
shorter than half a second: at its beginning no cache holds what the training needs, and
what watches it needs.

While it waits, a process' clock stands still, so that a watcher that keeps a budget by
the clock, or writes once a second, takes the others' turns for no time. What its
threads do in the meantime is counted all the same: a turn's seconds are those of the
clock or, where those are more, those of the processor. (Beside a GPU, for which a
processor waits busily: the clock's.)

And none gives memory back to the system. By default glibc does where the end of the
heap is free, and takes it anew in the next step: 9,000 page faults in each step of the
CNN, a third of its time. What happens to lie there decides, in each process anew.
"""

import os
import threading
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection

import torch

# Of glibc, in bytes: from which size on memory is mapped, and trimmed.
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32)}

_clock = time.perf_counter
_waited = [0.0]  # seconds
_since: list[float] = []  # when the wait began that goes on


def _own() -> float:
    """The clock, less the others' turns."""
    now = _since[0] if _since else _clock()
    return now - _waited[0]


class _Event(threading.Event):
    """Its time is that of the training: who waits a second waits it in turns."""

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None:
            return super().wait()
        end = _own() + timeout
        while (left := end - _own()) > 0:
            if super().wait(max(left, 0.02)):
                return True
        return self.is_set()


time.perf_counter = _own  # for all who import them from now on
threading.Event = _Event  # type: ignore[misc]


class Turns:
    """One training's turns, of `length` steps each."""

    def __init__(self, way: Connection, steps: int, length: int, device: str) -> None:
        self.steps = steps
        self._way, self._length, self._device = way, length, device
        self._done = 0
        self._begun = self._used = 0.0

    def begin(self) -> None:
        """All is made; the first step comes."""
        self._used = time.process_time()
        self._wait()

    def step(self) -> bool:
        """A step is done; whether another is to come."""
        self._done += 1
        last = self._done == self.steps
        if last or self._done % self._length == 0:
            self._way.send(self._seconds())
            if not last:
                self._wait()
        return not last

    def _seconds(self) -> float:
        if self._device == "cuda":
            torch.cuda.synchronize()
            return _clock() - self._begun
        before, self._used = self._used, time.process_time()
        return max(_clock() - self._begun, self._used - before)

    def _wait(self) -> None:
        _since.append(_clock())
        self._way.recv()
        self._begun = _clock()
        _waited[0] += self._begun - _since[0]
        _since.clear()


class Training:
    """A process that trains in one way, again and again."""

    def __init__(self, train: Callable[..., None], *args: object) -> None:
        os.environ.update(KEPT)
        context = get_context("spawn")
        self._way, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, train, *args), daemon=True
        )
        self._process.start()

    def start(self, steps: int, length: int, device: str) -> None:
        """Make a training of so many steps, and let it wait for its first turn."""
        self._way.send((steps, length, device))

    def turn(self) -> float:
        """Let it take a turn; the seconds that it took."""
        self._way.send(True)
        return float(self._way.recv())

    def end(self) -> None:
        """Wait until what comes after the last step is done."""
        self._way.recv()

    def close(self) -> None:
        """End the process."""
        self._way.send(None)
        self._process.join()


def _serve(way: Connection, train: Callable[..., None], *args: object) -> None:
    torch.set_num_threads(1)
    while (asked := way.recv()) is not None:
        train(Turns(way, *asked), *args)
        way.send(True)
