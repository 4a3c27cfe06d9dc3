"""The Lightning tap: what the Trainer knows of a training beyond its PyTorch.

Losses, gradients and steps are seen by PyTorch's tap. Here are metrics by the names
that `self.log` gives them, epochs as the Trainer counts them, its settings, checkpoints
and early stopping. Nothing is added to the Trainer's callbacks or loggers: the function
through which all callbacks are called is listened to.
"""

import weakref
from collections.abc import Callable
from importlib import import_module
from typing import Any

from torch import Tensor

from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, enter, leave, unseen
from wellfit.taps.told import Told
from wellfit.taps.torch.numbers import fetch

MOST_HELD = 16  # numbers on a device that are fetched together
REHEARSALS = (  # what they do is taken back: a few steps tried, or a few batches
    ("trainer.trainer", "Trainer", "_run_sanity_check"),
    ("callbacks", "LearningRateFinder", "lr_find"),
    ("callbacks", "BatchSizeFinder", "scale_batch_size"),
)


class LightningTap:
    """Watches the Trainers of `lightning.pytorch`, or of `pytorch_lightning`."""

    framework = "lightning"

    def __init__(
        self,
        records: Records,
        *,
        overhead: float = 0.02,
        every: int | None = None,
        package: str = "lightning.pytorch",
    ) -> None:
        self.records = records
        self._package = package
        self._guard = Guard(self)
        self._patches = Patches()
        self._told = Told(records)
        self._trainer: weakref.ref[Any] | None = None  # the latest that trained
        self._held: list[tuple[int, str, str, Tensor]] = []
        self._epoch_began = (0, 0)  # at this step, and batch
        self._acts: dict[str, Callable[[Any], None]] = {
            "on_train_start": self._begun,
            "on_train_epoch_start": self._epoch_begun,
            "on_train_epoch_end": self._epoch_over,
            "on_train_end": self._trained,
            "on_exception": self._broken,
            "on_validation_start": self._evaluates,
            "on_test_start": self._evaluates,
        }

    @property
    def step(self) -> int:
        """Steps done."""
        trainer = None if self._trainer is None else self._trainer()
        if trainer is None:
            return self._told.steps(0) if self._trainer is not None else 0
        return self._told.steps(int(trainer.global_step))

    # -- coming and going --------------------------------------------------------------

    def attach(self) -> None:
        """Begin to watch."""
        try:
            self._patch()
        except BaseException:
            self._patches.restore()
            raise
        self._guard.on = True
        enter(self)

    def _patch(self) -> None:
        replace, connectors = self._patches.replace, "trainer.connectors"
        call, trainer = self._module("trainer.call"), self._module("trainer.trainer")
        logging = self._module(f"{connectors}.logger_connector.logger_connector")
        replace(call, "_call_callback_hooks", self._hooks_patch)
        replace(logging._LoggerConnector, "log_metrics", self._log_patch)
        replace(trainer.Trainer, "save_checkpoint", self._save_patch)
        for module, kind, method in REHEARSALS:
            replace(getattr(self._module(module), kind), method, self._unseen_patch)

    def _module(self, name: str) -> Any:
        return import_module(f"{self._package}.{name}")

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in Lightning."""
        self._guard.on = False
        leave(self)
        self._patches.restore()
        self._told.end()

    def finish(self) -> None:
        """Detach, and record what is still held."""
        was_on = self._guard.on
        self.detach()
        if was_on:
            self._guard.on = True
            self._guard(self._fetch)()
            self._guard.on = False

    # -- what is patched ---------------------------------------------------------------

    def _hooks_patch(self, original: Any) -> Any:
        seen = self._guard(self._called)

        def call(trainer: Any, hook_name: str, *args: Any, **kwargs: Any) -> None:
            original(trainer, hook_name, *args, **kwargs)
            if hook_name in self._acts:
                seen(trainer, hook_name, kwargs)

        return call

    def _log_patch(self, original: Any) -> Any:
        seen = self._guard(self._logged)

        def log_metrics(connector: Any, metrics: Any, *args: Any, **kwargs: Any) -> Any:
            seen(connector, metrics)
            return original(connector, metrics, *args, **kwargs)

        return log_metrics

    def _save_patch(self, original: Any) -> Any:
        seen = self._guard(self._saved)

        def save_checkpoint(
            trainer: Any, filepath: Any, *args: Any, **kwargs: Any
        ) -> Any:
            result = original(trainer, filepath, *args, **kwargs)
            seen(filepath)
            return result

        return save_checkpoint

    def _unseen_patch(self, original: Any) -> Any:
        def rehearse(*args: Any, **kwargs: Any) -> Any:
            with unseen(self.records):
                return original(*args, **kwargs)

        return rehearse

    # -- what is seen ------------------------------------------------------------------

    def _called(self, trainer: Any, hook: str, kwargs: dict[str, Any]) -> None:
        # The end of an epoch is told twice: to checkpoints and early stopping last.
        if kwargs.get("monitoring_callbacks") is not False:
            self._acts[hook](trainer)

    def _begun(self, trainer: Any) -> None:
        self._trainer = weakref.ref(trainer)
        version = import_module(self._package).__version__
        self._told.begin(name="lightning", version=version, **settings_of(trainer))
        self._told.steps(int(trainer.global_step))

    def _epoch_begun(self, trainer: Any) -> None:
        self._epoch_began = (self.step, _batches(trainer))

    def _epoch_over(self, trainer: Any) -> None:
        steps, batches = self._epoch_began
        self._told.epoch(
            int(trainer.current_epoch) + 1,
            steps=self.step - steps,
            batches=_batches(trainer) - batches,
        )

    def _trained(self, trainer: Any) -> None:
        self._fetch()
        for stopper in trainer.early_stopping_callbacks:
            why = getattr(stopper, "stopping_reason_message", None)  # new in 2.6
            if stopper.stopped_epoch or why:
                self._told.event(
                    "early-stopping",
                    monitor=stopper.monitor,
                    epoch=int(stopper.stopped_epoch) + 1,
                    reason=why,
                )
        self._told.settings(loss_scale=_loss_scale(trainer))
        self._told.end()

    def _broken(self, trainer: Any) -> None:
        self._told.end()

    def _evaluates(self, trainer: Any) -> None:
        self._told.steps(self.step)
        self._told.evaluate("test" if trainer.testing else "val")

    def _saved(self, path: Any) -> None:
        self._told.event("checkpoint", path=str(path))

    def _logged(self, connector: Any, metrics: dict[str, Any]) -> None:
        """What Lightning is about to log, of a batch or of an epoch."""
        trainer = connector.trainer
        of_batch = connector._first_loop_iter is not None
        if of_batch and not trainer.training:
            return  # of one batch of an evaluation: its epoch tells the whole
        phase = "train"
        if not trainer.training:
            phase = "test" if trainer.testing else "val"
        step = self.step
        if not of_batch:
            metrics = _also_unlogged(connector, metrics)
        for name, value in metrics.items():
            if isinstance(value, Tensor) and value.numel() == 1:
                self._held.append((step, phase, name, value.detach().reshape(())))
            else:
                self._told.metrics({name: value}, phase=phase)
        on_cpu = all(value.device.type == "cpu" for *_, value in self._held)
        if on_cpu or not of_batch or len(self._held) > MOST_HELD:
            self._fetch()

    def _fetch(self) -> None:
        """Bring numbers from their devices, all at once, and record them."""
        held, self._held = self._held, []
        numbers = fetch([value for *_, value in held])
        for (step, phase, name, _), number in zip(held, numbers, strict=True):
            self._told.metric(name, number, phase=phase, step=step)


def pytorch_lightning(
    records: Records, *, overhead: float = 0.02, every: int | None = None
) -> LightningTap:
    """The tap of the package `pytorch_lightning`, Lightning by its old name."""
    return LightningTap(
        records, overhead=overhead, every=every, package="pytorch_lightning"
    )


def _also_unlogged(connector: Any, logged: dict[str, Any]) -> dict[str, Any]:
    """An epoch's metrics with those that `self.log(logger=False)` kept to itself."""
    known = {name.removesuffix("_epoch") for name in logged}
    every = connector.metrics["callback"].items()
    own = {n: v for n, v in every if n.removesuffix("_epoch") not in known}
    return {**logged, **own}


def settings_of(trainer: Any) -> dict[str, Any]:
    """What the Trainer is set to, fit for JSON."""
    checkpoints, stoppers = (
        trainer.checkpoint_callbacks,
        trainer.early_stopping_callbacks,
    )
    return {
        "strategy": type(trainer.strategy).__name__,
        "accelerator": type(trainer.accelerator).__name__,
        "world_size": trainer.world_size,
        "precision": str(trainer.precision),
        "loss_scale": _loss_scale(trainer),
        "accumulate_grad_batches": trainer.accumulate_grad_batches,
        "gradient_clip_val": trainer.gradient_clip_val,
        "gradient_clip_algorithm": trainer.gradient_clip_algorithm,
        "automatic_optimization": trainer.lightning_module.automatic_optimization,
        "max_epochs": trainer.max_epochs,
        "max_steps": trainer.max_steps,
        "batches": _finite(trainer.num_training_batches),
        "val_batches": [_finite(n) for n in trainer.num_val_batches],
        "sanity_batches": [_finite(n) for n in trainer.num_sanity_val_batches],
        "val_check_interval": trainer.val_check_interval,
        "check_val_every_n_epoch": trainer.check_val_every_n_epoch,
        "log_every_n_steps": trainer.log_every_n_steps,
        "callbacks": [type(one).__name__ for one in trainer.callbacks],
        "loggers": [type(one).__name__ for one in trainer.loggers],
        "checkpoints": [getattr(one, "monitor", None) for one in checkpoints],
        "early_stopping": [
            {"monitor": one.monitor, "mode": one.mode, "patience": one.patience}
            for one in stoppers
        ],
        "schedulers": [
            {"kind": type(one.scheduler).__name__, "interval": one.interval}
            for one in trainer.lr_scheduler_configs
        ],
        "started_at": {"epoch": trainer.current_epoch, "step": trainer.global_step},
    }


def _finite(number: float) -> int | None:
    """A number of batches; None where the data have no length."""
    return None if number == float("inf") else int(number)


def _batches(trainer: Any) -> int:
    return int(trainer.fit_loop.epoch_loop.batch_progress.total.completed)


def _loss_scale(trainer: Any) -> float | None:
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    return None if scaler is None else float(scaler.get_scale())
