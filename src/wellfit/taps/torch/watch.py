"""Watching in one's own loop or notebook: `with watch(model) as w: …; w.run`."""

from pathlib import Path
from types import TracebackType
from typing import Any

from torch import nn

from wellfit.core.run import Run
from wellfit.record import Recorder, open_run, redact
from wellfit.taps import ranks
from wellfit.taps.resources import Resources
from wellfit.taps.torch.ranks import RanksTap
from wellfit.taps.torch.tap import TorchTap


class Watch:
    """What `watch` gives: the run as it was seen until now, and a way to add to it."""

    def __init__(self, tap: TorchTap, recorder: Recorder, *, owned: bool) -> None:
        self._tap = tap
        self._ranks = RanksTap(recorder)
        self._recorder = recorder
        self._owned = owned
        self._resources = Resources(recorder)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._recorder.folder

    @property
    def run(self) -> Run:
        """All that was seen until now; an evaluation that goes on ends with it."""
        self._tap.tell()
        self._recorder.flush()
        return open_run(self.folder)

    def log(self, name: str, value: float) -> None:
        """Record a number of one's own (`val/f1`) at the present step."""
        self._recorder.value(name, self._tap.step, float(value))

    def __enter__(self) -> "Watch":
        self._tap.attach()
        self._ranks.attach()
        self._resources.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.finish()  # while the tap can still tell the step
        self._tap.finish()
        self._ranks.finish()
        said = None if error is None else error_line(error)
        interrupted = isinstance(error, KeyboardInterrupt)
        self._recorder.fact("outcome", {"error": said, "interrupted": interrupted})
        if self._owned:
            self._recorder.close()


def watch(
    model: nn.Module | None = None,
    *,
    out: str | Path | None = None,
    recorder: Recorder | None = None,
    overhead: float = 0.02,
    every: int | None = None,
) -> Watch:
    """Watch the training within a `with` block; nothing about it changes.

    `model` may be left out: it is found when it is trained. `out` is the run folder,
    `wellfit-runs/<time>-watch` by default; `recorder` one that is there already.
    `overhead` is the share of the time that looking may take; with `every` each so
    manieth step is looked at instead, at any price.

        with wellfit.watch(model) as w:
            train(model)
        print(wellfit.diagnose(w.run))
    """
    owned = recorder is None
    if recorder is None:
        recorder = Recorder(ranks.folder_for("watch", out), rank=ranks.rank())
        recorder.fact("command", {"script": None, "args": [], "framework": "torch"})
    tap = TorchTap(recorder, model=model, overhead=overhead, every=every)
    return Watch(tap, recorder, owned=owned)


def error_line(error: BaseException) -> dict[str, Any]:
    """An exception's type, and the first line of what it says."""
    lines = redact(str(error)).strip().splitlines()
    return {"type": type(error).__name__, "message": lines[0] if lines else ""}
