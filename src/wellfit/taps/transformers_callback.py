"""`wellfit.callbacks.TransformersCallback`: a Trainer's `train`, watched."""

import weakref
from pathlib import Path
from typing import Any

from transformers.trainer import Trainer
from transformers.trainer_callback import TrainerCallback

from wellfit.core.run import Run
from wellfit.taps.patches import Patches
from wellfit.taps.torch.tap import TorchTap
from wellfit.taps.transformers import TransformersTap
from wellfit.taps.watching import Watching


class TransformersCallback(TrainerCallback):
    """Watch `Trainer.train` from its beginning to its end; nothing about it changes.

    `out` is the run folder, `wellfit-runs/<time>-transformers` by default. `overhead`
    is the share of the time that looking may take; with `every` each so manieth step is
    looked at instead, at any price. Of several processes the first is watched.

        watching = TransformersCallback()
        Trainer(model, arguments, train_dataset=data, callbacks=[watching]).train()
        print(wellfit.diagnose(watching.run))

    A Trainer tells its callbacks of no exception: so `Trainer.train` is wrapped for as
    long as the callback lives, and does what it did where a Trainer has no such one.
    """

    def __init__(
        self,
        *,
        out: str | Path | None = None,
        overhead: float = 0.02,
        every: int | None = None,
    ) -> None:
        makes = (TransformersTap, TorchTap)
        self._watching = Watching(
            "transformers", makes, out=out, overhead=overhead, every=every
        )
        patches = Patches()
        mine = weakref.ref(self)
        patches.replace(Trainer, "train", lambda original: _watched(original, mine))
        weakref.finalize(self, patches.restore)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._watching.folder

    @property
    def run(self) -> Run:
        """All that was seen until now."""
        return self._watching.run


def _watched(original: Any, mine: "weakref.ref[TransformersCallback]") -> Any:
    def train(trainer: Any, *args: Any, **kwargs: Any) -> Any:
        callback = mine()
        if callback is None or callback not in trainer.callback_handler.callbacks:
            return original(trainer, *args, **kwargs)
        watching = callback._watching
        if trainer.is_world_process_zero():
            watching.begin()
        try:
            result = original(trainer, *args, **kwargs)
        except BaseException as error:
            watching.end(error)
            raise
        watching.end()
        return result

    return train
