"""A callback for those who want one: it watches the `fit` that it is given to."""

from pathlib import Path
from typing import Any

import keras

from wellfit.core.run import Run
from wellfit.record import Recorder, new_folder, open_run, vacant
from wellfit.taps.keras.tap import KerasTap


class KerasCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Watch one `fit` of Keras and record it; nothing about the training changes.

    `out` is the run folder, `wellfit-runs/<time>-keras` by default; `overhead` the
    share of the time that looking may take; with `every` each so manieth step is looked
    at instead. `folder` and `run` tell what was seen, of the latest `fit`. The data are
    seen as they pass by, which under TensorFlow they do not: `wellfit run` sees them.

        watched = wellfit.callbacks.KerasCallback()
        model.fit(x, y, callbacks=[watched])
        print(wellfit.diagnose(watched.run))
    """

    def __init__(
        self,
        *,
        out: str | Path | None = None,
        overhead: float = 0.02,
        every: int | None = None,
    ) -> None:
        super().__init__()
        self._out = out
        self._options: dict[str, Any] = {"overhead": overhead, "every": every}
        self._recorder: Recorder | None = None
        self._tap: KerasTap | None = None

    @property
    def folder(self) -> Path:
        """The run folder; RuntimeError before `fit` has begun."""
        if self._recorder is None:
            raise RuntimeError("there is no run yet: give the callback to `fit` first")
        return self._recorder.folder

    @property
    def run(self) -> Run:
        """All that was seen until now."""
        if self._recorder is not None:
            self._recorder.flush()
        return open_run(self.folder)

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin to watch."""
        self.close()
        folder = vacant(Path(self._out)) if self._out is not None else None
        self._recorder = recorder = Recorder(folder or new_folder("keras"))
        command: dict[str, Any] = {
            "script": None,
            "args": [],
            "framework": KerasTap.framework,
        }
        recorder.fact("command", command)
        self._tap = KerasTap(recorder, **self._options)
        self._tap.attach()
        self._tap.join(self.model)

    def on_train_end(self, logs: Any = None) -> None:
        """Write the rest."""
        self.close()

    def close(self) -> None:
        """End the watching; of a `fit` that fails Keras does not tell its callbacks."""
        tap, self._tap = self._tap, None
        if tap is not None and self._recorder is not None:
            tap.part()
            tap.finish()
            outcome = {"error": None, "interrupted": False}
            self._recorder.fact("outcome", outcome)
            self._recorder.close()
