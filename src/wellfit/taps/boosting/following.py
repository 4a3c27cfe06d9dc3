"""What the callbacks of both frameworks hold."""

import atexit
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from wellfit.core.run import Run
from wellfit.taps.tap import Tap
from wellfit.taps.watching import Watching


class Joins(Tap, Protocol):
    """A tap that can come to a training which has begun."""

    def join(self, interface: str) -> None:
        """`train` or `cv` is under way in this thread."""


class Following:
    """A run folder for the training that a callback was given to.

    Neither framework tells its callbacks of an end that comes early: whoever asks for
    the run, or the end of the process, ends the watching at the latest.
    """

    def __init__(
        self,
        name: str,
        make: Callable[..., Joins],
        *,
        out: str | Path | None,
        overhead: float,
        every: int | None,
    ) -> None:
        self.options: dict[str, Any] = {
            "out": out,
            "overhead": overhead,
            "every": every,
        }
        self._make = make
        self._tap: Joins | None = None
        self._watching = Watching(
            name, (self._made,), out=out, overhead=overhead, every=every
        )

    def _made(self, *args: Any, **kwargs: Any) -> Tap:
        self._tap = self._make(*args, **kwargs)
        return self._tap

    @property
    def folder(self) -> Path:
        """The run folder of the latest training; `BadRun` before the first."""
        return self._watching.folder

    @property
    def run(self) -> Run:
        """All that was seen of the latest training; asking ends the watching."""
        self.end()
        return self._watching.run

    def begin(self, interface: str) -> None:
        """A training begins."""
        self._watching.begin()
        atexit.register(self.end)  # after the recorder's own, to be called before it
        if self._tap is not None:
            self._tap.join(interface)

    def end(self) -> None:
        """The training is over."""
        atexit.unregister(self.end)
        self._tap = None
        self._watching.end()
