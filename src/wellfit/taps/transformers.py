"""The Hugging Face tap: what the Trainer knows of a training beyond its PyTorch.

Losses, gradients and steps are seen by PyTorch's tap. Here are metrics by the Trainer's
own names, epochs as it counts them, its arguments, checkpoints and early stopping. No
callback is added: the function through which all of them are called is listened to.
"""

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, enter, leave
from wellfit.taps.told import Told

ARGUMENTS = (  # of TrainingArguments, those that a diagnosis may turn on
    "learning_rate",
    "lr_scheduler_type",
    "warmup_steps",
    "optim",
    "weight_decay",
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "max_grad_norm",
    "label_smoothing_factor",
    "per_device_train_batch_size",
    "per_device_eval_batch_size",
    "gradient_accumulation_steps",
    "num_train_epochs",
    "max_steps",
    "bf16",
    "fp16",
    "activation_checkpointing",
    "gradient_checkpointing",  # its name until 5.24
    "torch_compile",
    "eval_strategy",
    "save_strategy",
    "logging_steps",
    "load_best_model_at_end",
    "metric_for_best_model",
    "dataloader_drop_last",
    "dataloader_num_workers",
    "seed",
    "data_seed",
    "world_size",
)
TOLD_ELSEWHERE = "_runtime"  # each evaluation's metrics have one, after its prefix


class TransformersTap:
    """Watches the Trainers of `transformers`."""

    framework = "transformers"

    def __init__(
        self, records: Records, *, overhead: float = 0.02, every: int | None = None
    ) -> None:
        self.records = records
        self._guard = Guard(self)
        self._patches = Patches()
        self._told = Told(records)
        self._steps = 0  # as the latest Trainer counts them
        self._trained = False
        self._epoch_began = 0
        self._acts: dict[str, Callable[..., None]] = {
            "on_train_begin": self._begin,
            "on_epoch_begin": self._begin_epoch,
            "on_epoch_end": self._end_epoch,
            "on_log": self._log,
            "on_predict": self._predict,
            "on_save": self._save,
            "on_train_end": self._end,
        }

    @property
    def step(self) -> int:
        """Steps done."""
        return self._told.steps(self._steps) if self._trained else 0

    # -- coming and going --------------------------------------------------------------

    def attach(self) -> None:
        """Begin to watch."""
        events = import_module("transformers.trainer_callback").CallbackHandler
        trainer = import_module("transformers.trainer").Trainer
        self._patches.replace(events, "call_event", self._events_patch)
        self._patches.replace(trainer, "train", self._train_patch)
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in Transformers."""
        self._guard.on = False
        leave(self)
        self._patches.restore()
        self._told.end()

    def finish(self) -> None:
        """Detach."""
        self.detach()

    def _events_patch(self, original: Any) -> Any:
        seen = self._guard(self._happened)

        def call_event(
            handler: Any, event: str, args: Any, state: Any, control: Any, **kwargs: Any
        ) -> Any:
            if event in self._acts:
                seen(event, handler, args, state, kwargs)
            return original(handler, event, args, state, control, **kwargs)

        return call_event

    def _train_patch(self, original: Any) -> Any:
        over = self._guard(self._told.end)

        def train(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(*args, **kwargs)
            finally:  # of an exception no callback is told
                over()

        return train

    # -- what is seen ------------------------------------------------------------------

    def _happened(
        self, event: str, handler: Any, args: Any, state: Any, more: dict[str, Any]
    ) -> None:
        self._steps = int(state.global_step)
        self._told.steps(self._steps if self._trained else 0)
        self._acts[event](handler=handler, args=args, state=state, **more)

    def _begin(self, handler: Any, args: Any, state: Any, **_: Any) -> None:
        self._trained = True
        version = import_module("transformers").__version__
        said = {name: _plain(getattr(args, name, None)) for name in ARGUMENTS}
        self._told.begin(
            name="transformers",
            version=version,
            **{name: value for name, value in said.items() if value is not None},
            steps=state.max_steps,
            callbacks=[type(one).__name__ for one in handler.callbacks],
            started_at={"epoch": state.epoch or 0, "step": state.global_step},
            **adapters_of(handler.model),
        )

    def _begin_epoch(self, **_: Any) -> None:
        self._epoch_began = self.step

    def _end_epoch(self, state: Any, **_: Any) -> None:
        done = float(state.epoch or 0)
        if done and math.isclose(done, round(done), abs_tol=1e-6):  # else broken off
            self._told.epoch(round(done), steps=self.step - self._epoch_began)

    def _log(self, logs: dict[str, Any], **_: Any) -> None:
        """What is logged of a training or, under a prefix of its own, an evaluation."""
        timed = [name for name in logs if name.endswith(TOLD_ELSEWHERE)]
        of_training = not timed or timed[0] == f"train{TOLD_ELSEWHERE}"
        if not of_training:
            self._told.evaluate("val")
        self._told.metrics(logs, phase="train" if of_training else "val")

    def _predict(self, metrics: dict[str, Any], **_: Any) -> None:
        self._told.evaluate("test")
        self._told.metrics(metrics, phase="test")

    def _save(self, args: Any, state: Any, **_: Any) -> None:
        path = f"{args.output_dir}/checkpoint-{state.global_step}"
        self._told.event("checkpoint", path=path)

    def _end(self, handler: Any, state: Any, **_: Any) -> None:
        if state.global_step < state.max_steps:
            stoppers = [type(one).__name__ for one in handler.callbacks]
            by = [name for name in stoppers if "Stop" in name]
            self._told.event("early-stopping", epoch=state.epoch, by=by)


def adapters_of(model: Any) -> dict[str, Any]:
    """What PEFT has added to a model: `adapters`, by name; nothing where it did not."""
    configs = getattr(model, "peft_config", None)
    if not isinstance(configs, dict):
        return {}
    wanted = ("peft_type", "r", "lora_alpha", "lora_dropout", "target_modules")
    return {
        "adapters": {
            str(name): {key: _plain(getattr(config, key, None)) for key in wanted}
            for name, config in configs.items()
        }
    }


def _plain(value: Any) -> Any:
    """A setting, fit for JSON: of an enumeration its value."""
    value = getattr(value, "value", value)
    if isinstance(value, set | list | tuple):
        return sorted(str(one) for one in value)
    return value if isinstance(value, bool | int | float | str | None) else str(value)
