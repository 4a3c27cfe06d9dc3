"""What a recipe says of training, as the engine takes it."""

from typing import Any

import torch  # noqa: TID253

from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Optimizer, Recipe
from wellfit.trainer.clock import seconds_of
from wellfit.trainer.optimizers import OptimizerSettings
from wellfit.trainer.recipes.stages import (
    Lengths,
    greater_is_better,
    lengths_of,
    schedule_of,
)
from wellfit.trainer.settings import (
    Averaging,
    Limits,
    Penalty,
    Precision,
    Settings,
    Stopping,
)

OPTIONS = ("momentum", "nesterov", "betas", "alpha", "eps")  # called so by PyTorch too


def settings_of(recipe: Recipe, *, epoch: int) -> Settings:
    """The engine's settings, for epochs of so many steps."""
    loop, held, precision = recipe.loop, recipe.regularization, recipe.precision
    long, device = lengths_of(recipe, epoch=epoch), device_of(precision.device)
    return Settings(
        optimizer=optimizer_of(recipe.optimizer),
        schedule=schedule_of(recipe.schedule, long),
        limits=Limits(
            epochs=loop.epochs,
            steps=loop.steps,
            seconds=None if loop.budget is None else seconds_of(loop.budget),
        ),
        stopping=_stopping(recipe),
        evaluate_every=loop.evaluate_every,
        parts=loop.accumulate,
        clip_norm=loop.clip,
        penalty=Penalty(l1=held.l1, l2=held.l2),
        averaging=_averaging(recipe, long),
        precision=_precision(precision.dtype, device),
        channels_last=precision.channels_last,
        compile=precision.compile,
        recompute_activations=precision.checkpoint_activations,
        device=device,
    )


def optimizer_of(said: Optimizer) -> OptimizerSettings:
    """The optimizer, with what it takes beside rate and decay by PyTorch's names."""
    options: dict[str, Any] = {name: getattr(said, name) for name in OPTIONS}
    options["history_size"] = said.history
    return OptimizerSettings(
        name=said.name,
        learning_rate=None if said.lr == "auto" else said.lr,
        weight_decay=said.weight_decay,
        options={name: value for name, value in options.items() if value is not None},
        decay_all=said.decay_norms,
        layer_rate=said.layer_decay,
        rates=said.layer_rates,
    )


def _stopping(recipe: Recipe) -> Stopping | None:
    said = recipe.regularization.early_stopping
    if said is None:
        return None
    return Stopping(
        metric=f"val/{said.metric or 'loss'}",
        greater_is_better=greater_is_better(said.metric),
        patience=said.patience,
        least_gain=said.least_gain,
        restore_best=said.restore,
    )


def _averaging(recipe: Recipe, long: Lengths) -> Averaging | None:
    ema, swa = recipe.regularization.ema, recipe.regularization.swa
    if ema is not None:
        return Averaging(kind="ema", decay=ema)
    if swa is None:
        return None
    if long.total is None:
        raise BadSetting(
            "regularization.swa begins after a share of the training, which only "
            "loop.budget ends: set loop.epochs or loop.steps"
        )
    return Averaging(kind="swa", start=round(swa * long.total), every=long.epoch)


def device_of(said: str) -> str:
    """Where to train; `BadSetting` where that is not to be had."""
    if said == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=said)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise BadSetting(
            f"precision.device is {said}, which PyTorch does not see on this machine: "
            "take auto or cpu"
        ) from error
    return said


def _precision(said: str, device: str) -> Precision:
    """Of *auto*, what needs no trial whose timing could fall out otherwise."""
    if said == "auto":
        cuda = device.startswith("cuda") and torch.cuda.is_bf16_supported()
        return "bfloat16" if cuda else "float32"
    if said == "float16" and device == "cpu":
        raise BadSetting(
            "precision.dtype float16 is for GPUs, and this is trained on a processor: "
            "take bfloat16 or auto"
        )
    return next((name for name in ("bfloat16", "float16") if name == said), "float32")
