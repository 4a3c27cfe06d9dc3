"""How a network is trained: every choice of the loop, as plain frozen values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

from torch import Tensor, nn  # noqa: TID253

from wellfit.core.errors import BadSetting
from wellfit.schedules.named import schedule_data
from wellfit.schedules.schedule import Constant, Schedule
from wellfit.trainer.feed import Feed
from wellfit.trainer.optimizers import OptimizerSettings

Precision = Literal["float32", "bfloat16", "float16"]
Measure = Callable[[Tensor, Tensor], float]  # of outputs and targets, all rows


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Task:
    """What is trained, on what: the network, its criterion, the feeds.

    `criterion` gives the mean loss over the rows of a batch. `measures` are taken of
    the validation rows, and are called by their names.
    """

    network: nn.Module
    criterion: nn.Module
    feed: Feed
    validation: Feed | None = None
    measures: Mapping[str, Measure] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """A training ends with the first of these that is reached; None is no limit."""

    epochs: int | None = 60
    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.epochs is self.steps is self.seconds is None:
            raise BadSetting("a training needs a limit: epochs, steps or seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopping:
    """Ends a training after `patience` evaluations whose metric gains nothing.

    A gain is more than `least_gain` over the best value so far. At the end the network
    gets the weights of the best one, unless `restore_best` is off.
    """

    metric: str = "val/loss"
    greater_is_better: bool = False
    patience: int | None = 16
    least_gain: float = 0.0
    restore_best: bool = True

    def gains(self, value: float, best: float) -> bool:
        """Whether a value is enough better than the best so far."""
        gain = value - best if self.greater_is_better else best - value
        return gain > self.least_gain


@dataclass(frozen=True, kw_only=True, slots=True)
class Penalty:
    """Added to the loss: `l1` times the sum of the weights' sizes, `l2` of squares.

    Both together are an elastic net. What does not decay (norms, biases) is left out.
    """

    l1: float = 0.0
    l2: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Averaging:
    """An average of the weights, which is evaluated and kept in their stead.

    `ema` forgets: a new weight counts 1 - `decay`, and more in the first steps. `swa`
    counts all alike. Weights are taken in after step `start`, and after each `every`
    steps from there on.
    """

    kind: Literal["ema", "swa"] = "ema"
    decay: float = 0.999
    start: int = 0
    every: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that the loop can be told.

    Each batch of the feed is one step; `parts` is in how many pieces it goes through
    the network, their gradients accumulated. `clip_norm` bounds the length of the whole
    gradient, `clip_value` each of its numbers. The network is evaluated after each
    epoch, or after each `evaluate_every` steps, and at the end. `memory` is how many
    bytes training may take, what is free where it is None: of a batch that takes more,
    fewer rows go through the network at once.
    """

    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    schedule: Schedule = field(default_factory=Constant)
    limits: Limits = field(default_factory=Limits)
    stopping: Stopping | None = None
    evaluate_every: int | None = None
    parts: int = 1
    clip_norm: float | None = None
    clip_value: float | None = None
    penalty: Penalty = field(default_factory=Penalty)
    averaging: Averaging | None = None
    precision: Precision = "float32"
    channels_last: bool = False
    compile: bool = False
    recompute_activations: bool = False
    device: str = "cpu"
    memory: float | None = None


def settings_data(value: Any) -> Any:
    """Settings as plain data: what JSON can hold, and two people can compare."""
    if isinstance(value, Schedule):
        return schedule_data(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: settings_data(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): settings_data(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [settings_data(v) for v in value]
    return value
