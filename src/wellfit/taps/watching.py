"""What a callback holds: a run folder that is open while its framework trains."""

import sys
from collections.abc import Callable, Sequence
from itertools import chain, count
from pathlib import Path

from wellfit.core.errors import BadRun
from wellfit.core.run import Run
from wellfit.record import Recorder, new_folder, open_run, redact, vacant
from wellfit.record.schema import DATABASE
from wellfit.taps.shared import Shared
from wellfit.taps.tap import Records, Tap

Make = Callable[..., Tap]


class Watching:
    """Opens a run folder as a training begins, and closes it however that ends.

    `makes` are the taps, in the order in which they finish; `name` is the framework's,
    and names the folder where `out` does not. Of a second training the folder is
    `out-2`. What goes wrong in watching is said, and never raised.
    """

    def __init__(
        self,
        name: str,
        makes: Sequence[Make],
        *,
        out: str | Path | None,
        overhead: float,
        every: int | None,
    ) -> None:
        self._name = name
        self._makes = makes
        self._out = None if out is None else vacant(Path(out)).absolute()
        self._options = {"overhead": overhead, "every": every}
        self._recorder: Recorder | None = None
        self._shared: Shared | None = None
        self._taps: list[Tap] = []
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """The run folder of the latest training; `BadRun` before the first."""
        if self._folder is None:
            raise BadRun(
                "no training has begun under this callback yet: pass it to the "
                "trainer, train, and ask again"
            )
        return self._folder

    @property
    def run(self) -> Run:
        """All that was seen until now."""
        folder = self.folder
        if self._recorder is not None:
            self._recorder.flush()
        return open_run(folder)

    def begin(self) -> None:
        """A training begins."""
        self.end()
        recorder = Recorder(self._next())
        self._recorder, self._folder = recorder, recorder.folder
        said = {"script": None, "args": (), "framework": self._name}
        recorder.fact("command", said)
        self._shared = Shared(recorder)
        self._taps = [tap for make in self._makes if (tap := self._attached(make))]

    def _attached(self, make: Make) -> Tap | None:
        records: Records | None = self._shared
        try:
            tap = make(records, **self._options)
            tap.attach()
        except Exception as error:
            print(f"wellfit: cannot watch all of it: {error}", file=sys.stderr)
            return None
        return tap

    def _next(self) -> Path:
        if self._out is None:
            return new_folder(self._name)
        out = self._out
        endings = chain([""], (f"-{number}" for number in count(2)))
        places = (out.with_name(f"{out.name}{ending}") for ending in endings)
        return next(place for place in places if not (place / DATABASE).exists())

    def end(self, error: BaseException | None = None) -> None:
        """The training is over, by itself or by an error; if one goes on at all."""
        recorder, self._recorder = self._recorder, None
        if recorder is None or self._shared is None:
            return
        for tap in self._taps:
            tap.finish()
        self._taps = []
        self._shared.settle()
        interrupted = isinstance(error, KeyboardInterrupt)
        recorder.fact("outcome", {"error": _said(error), "interrupted": interrupted})
        recorder.close()


def _said(error: BaseException | None) -> dict[str, str] | None:
    if error is None:
        return None
    lines = redact(str(error)).strip().splitlines()
    return {"type": type(error).__name__, "message": lines[0] if lines else ""}
