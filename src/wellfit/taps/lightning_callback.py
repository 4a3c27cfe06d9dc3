"""`wellfit.callbacks.LightningCallback`: a Trainer's `fit`, watched."""

import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from wellfit.core.run import Run
from wellfit.taps.lightning import LightningTap
from wellfit.taps.torch.tap import TorchTap
from wellfit.taps.watching import Watching

# The callback of the Lightning that is in use; both packages may be installed.
OLD, NEW = "pytorch_lightning", "lightning.pytorch"
PACKAGE = OLD if OLD in sys.modules and NEW not in sys.modules else NEW
_Callback: Any = import_module(PACKAGE).Callback


class LightningCallback(_Callback):  # type: ignore[misc]
    """Watch `Trainer.fit` from its beginning to its end; nothing about it changes.

    `out` is the run folder, `wellfit-runs/<time>-lightning` by default. `overhead` is
    the share of the time that looking may take; with `every` each so manieth step is
    looked at instead, at any price. Of several processes the first is watched.

        watching = LightningCallback()
        Trainer(callbacks=[watching]).fit(model)
        print(wellfit.diagnose(watching.run))
    """

    def __init__(
        self,
        *,
        out: str | Path | None = None,
        overhead: float = 0.02,
        every: int | None = None,
    ) -> None:
        super().__init__()
        makes = (partial(LightningTap, package=PACKAGE), TorchTap)
        self._watching = Watching(
            "lightning", makes, out=out, overhead=overhead, every=every
        )

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._watching.folder

    @property
    def run(self) -> Run:
        """All that was seen until now."""
        return self._watching.run

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin, where it is `fit` that begins."""
        if stage == "fit" and trainer.is_global_zero:
            self._watching.begin()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """End."""
        self._watching.end()

    def on_exception(
        self, trainer: Any, pl_module: Any, exception: BaseException
    ) -> None:
        """End, with what ended the training."""
        self._watching.end(exception)
