"""Processes that load data: PyTorch's, which may die."""

import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from torch.utils.data import DataLoader  # noqa: TID253

DIED = "exited unexpectedly", "killed by signal"  # says PyTorch of a worker
RAISED = "in DataLoader worker process"  # and of what a data set raised


def of_a_death(error: Exception) -> bool:
    """Whether a worker is gone: said so, or in the midst of handing something over."""
    if isinstance(error, ConnectionError | EOFError):
        return RAISED not in str(error)
    return isinstance(error, RuntimeError) and any(d in str(error) for d in DIED)


def iterated(loader: DataLoader[Any]) -> Iterator[Any]:
    """The loader's batches; a worker's death is told where a batch is asked for.

    PyTorch tells it from within a signal handler too: whatever line of the training is
    being run then would raise it.
    """
    if not hasattr(signal, "SIGCHLD") or (
        threading.current_thread() is not threading.main_thread()
    ):
        return iter(loader)
    before = signal.getsignal(signal.SIGCHLD)
    batches = iter(loader)
    if callable(before) and not isinstance(before, _Untold):
        before = _Untold(before)  # PyTorch's own, if another loader has set it
    signal.signal(signal.SIGCHLD, before or signal.SIG_DFL)
    return batches


class _Untold:
    """A signal handler that does not tell of a worker's death."""

    def __init__(self, handler: Callable[[int, FrameType | None], Any]) -> None:
        self._handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        try:
            self._handler(number, frame)
        except RuntimeError as error:
            if not of_a_death(error):
                raise
