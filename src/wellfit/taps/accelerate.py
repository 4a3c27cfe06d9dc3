"""The Accelerate tap: what the Accelerator knows of a training beyond its PyTorch.

Losses, gradients and steps are seen by PyTorch's tap. Here are what `accelerator.log`
is given, by its own names, the Accelerator's settings, and the states it saves.
"""

import weakref
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, enter, leave
from wellfit.taps.told import Told


class AccelerateTap:
    """Watches the Accelerators of this process, but not those inside a Trainer."""

    framework = "accelerate"

    def __init__(
        self, records: Records, *, overhead: float = 0.02, every: int | None = None
    ) -> None:
        self.records = records
        self._guard = Guard(self)
        self._patches = Patches()
        self._told = Told(records)
        self._prepared: weakref.ref[Any] | None = None  # by this Accelerator
        self._stepped: weakref.ref[Any] | None = None  # the optimizer that is counted
        self._steps = self._epochs = 0

    @property
    def step(self) -> int:
        """Steps done."""
        return self._told.steps(self._steps) if self._steps else 0

    # -- coming and going --------------------------------------------------------------

    def attach(self) -> None:
        """Begin to watch."""
        accelerator = import_module("accelerate.accelerator").Accelerator
        optimizer = import_module("accelerate.optimizer").AcceleratedOptimizer
        loaders = import_module("accelerate.data_loader")
        self._patches.replace(accelerator, "prepare", self._prepare_patch)
        self._patches.replace(accelerator, "log", self._log_patch)
        self._patches.replace(accelerator, "save_state", self._save_patch)
        self._patches.replace(optimizer, "step", self._step_patch)
        for kind in ("DataLoaderShard", "DataLoaderDispatcher"):
            self._patches.replace(
                getattr(loaders, kind), "__iter__", self._loader_patch
            )
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in Accelerate."""
        self._guard.on = False
        leave(self)
        self._patches.restore()
        self._told.end()

    def finish(self) -> None:
        """Detach."""
        self.detach()

    # -- what is patched ---------------------------------------------------------------

    def _prepare_patch(self, original: Any) -> Any:
        seen = self._guard(self._prepare)

        def prepare(accelerator: Any, *args: Any, **kwargs: Any) -> Any:
            seen(accelerator)
            return original(accelerator, *args, **kwargs)

        return prepare

    def _log_patch(self, original: Any) -> Any:
        seen = self._guard(self._log)

        def log(accelerator: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
            seen(values)
            return original(accelerator, values, *args, **kwargs)

        return log

    def _save_patch(self, original: Any) -> Any:
        seen = self._guard(self._save)

        def save_state(*args: Any, **kwargs: Any) -> Any:
            folder = original(*args, **kwargs)
            seen(folder)
            return folder

        return save_state

    def _step_patch(self, original: Any) -> Any:
        seen = self._guard(self._step)

        def step(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(optimizer, *args, **kwargs)
            seen(optimizer)
            return result

        return step

    def _loader_patch(self, original: Any) -> Any:
        over = self._guard(self._gone_through)

        def iterate(loader: Any) -> Iterator[Any]:
            begun = self._steps
            yield from original(loader)
            over(begun)

        return iterate

    # -- what is seen ------------------------------------------------------------------

    def _prepare(self, accelerator: Any) -> None:
        self._prepared = weakref.ref(accelerator)

    def _step(self, optimizer: Any) -> None:
        if self._told.by_another or not optimizer.gradient_state.sync_gradients:
            return
        if self._stepped is None or self._stepped() is None:
            self._stepped = weakref.ref(optimizer)
            self._begin()
        if self._stepped() is optimizer:
            self._steps += 1

    def _begin(self) -> None:
        accelerator = None if self._prepared is None else self._prepared()
        settings = {} if accelerator is None else settings_of(accelerator)
        version = import_module("accelerate").__version__
        self._told.begin(name="accelerate", version=version, **settings)

    def _gone_through(self, begun: int) -> None:
        """A prepared DataLoader was gone through: an epoch, if it was trained on."""
        if self._steps > begun and not self._told.by_another:
            self._epochs += 1
            self._told.steps(self._steps)
            self._told.epoch(self._epochs, steps=self._steps - begun)

    def _log(self, values: Any) -> None:
        if not self._told.by_another:
            self._told.steps(self._steps)
            self._told.metrics(dict(values))

    def _save(self, folder: Any) -> None:
        if not self._told.by_another:
            self._told.steps(self._steps)
            self._told.event("checkpoint", path=str(folder))


def settings_of(accelerator: Any) -> dict[str, Any]:
    """What the Accelerator is set to, fit for JSON."""
    scaler = accelerator.scaler
    return {
        "strategy": str(accelerator.distributed_type).rpartition(".")[2],
        "device": str(accelerator.device),
        "world_size": accelerator.num_processes,
        "mixed_precision": str(accelerator.mixed_precision),
        "loss_scale": None if scaler is None else float(scaler.get_scale()),
        "gradient_accumulation_steps": accelerator.gradient_accumulation_steps,
        "schedulers": [type(s.scheduler).__name__ for s in accelerator._schedulers],
        "trackers": [tracker.name for tracker in accelerator.trackers],
    }
