"""The names that a recipe chooses among, and what each of them takes.

An optimizer's and a stage's parameters are fields of their section: here stand those
that each takes, with their usual values. A model's, an objective's and an
augmentation's are its `params`: here stands a dataclass a name, with usual values too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval, Len

from wellfit.core.recipe import Count, Positive, Share

Weights = Literal["none", "balanced"]

# Kingma and Ba (2015) for β and ε; 0.9 for momentum since Rumelhart et al. (1986).
_ADAM: Mapping[str, Any] = {"betas": (0.9, 0.999), "eps": 1e-8}
OPTIMIZERS: Mapping[str, Mapping[str, Any]] = {
    "sgd": {"momentum": 0.9, "nesterov": False},
    "adagrad": {"eps": 1e-10},
    "rmsprop": {"momentum": 0.0, "alpha": 0.99, "eps": 1e-8},
    "adam": _ADAM,
    "adamw": _ADAM,
    "lbfgs": {"history": 10},
    "muon": {"momentum": 0.95, "nesterov": True},
}
STAGES: Mapping[str, Mapping[str, Any]] = {
    "warm-up": {"floor": 0.0},
    "constant": {"factor": 1.0},
    "step": {"every": 30, "factor": 0.1},  # epochs
    "exponential": {"factor": 0.95},  # each epoch
    "linear": {"floor": 0.0},
    "cosine": {"floor": 0.0, "cycles": 1, "growth": 1},
    "piecewise": {"at": None, "factors": None},  # epochs; needed, both
    "plateau": {
        "factor": 0.1, "patience": 10, "least_gain": 1e-4, "floor": 0.0, "metric": None,
    },
    "cyclical": {"floor": 0.1, "cycles": 4},
    # Least and greatest; the optimizer's momentum moves against the rate.
    "one-cycle": {"rise": 0.3, "floor": 0.0, "momenta": (0.85, 0.95)},
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Nothing:
    """For what has no parameters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Huber:
    """`delta`: the error, in deviations of the target, beyond which it is absolute."""

    delta: Positive = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossEntropy:
    """`weights`: of classes, by how rare they are; `smoothing`: of the labels."""

    weights: Weights = "none"
    smoothing: Share = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Hinge:
    """`margin`: how far the right class is to stand above the others."""

    margin: Positive = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Focal:
    """`gamma`: how much less a row counts that is already right.

    Lin et al. (2017), Focal loss for dense object detection.
    """

    gamma: Annotated[float, Interval(ge=0, le=10)] = 2.0
    weights: Weights = "none"


OBJECTIVES: Mapping[str, type[Any]] = {
    "mse": Nothing,
    "mae": Nothing,
    "huber": Huber,
    "log-cosh": Nothing,
    "cross-entropy": CrossEntropy,
    "hinge": Hinge,
    "exponential": Nothing,
    "focal": Focal,
}
OF_NUMBERS = ("mse", "mae", "huber", "log-cosh")  # the others are of classes
OF_ONE_CLASS = ("focal", "hinge", "exponential")  # and of no shares of several


@dataclass(frozen=True, kw_only=True, slots=True)
class Mlp:
    """Dense layers; `hidden` are their widths, `dropout` follows each."""

    hidden: Annotated[tuple[Count, ...], Len(1)] = (256, 128)
    activation: Literal["relu", "leaky-relu", "elu", "selu", "gelu", "silu"] = "relu"
    norm: Literal["none", "batch", "layer"] = "none"
    dropout: Share = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Cnn:
    """A residual network for images: `blocks` of each of the `widths`, in turn.

    The image is halved between widths, and `stem` 2 halves it before the first;
    `dropout` precedes the last layer.
    """

    widths: Annotated[tuple[Count, ...], Len(1, 5)] = (48, 96, 192)
    blocks: Annotated[int, Interval(ge=1, le=16)] = 1
    stem: Literal[1, 2] = 2
    dropout: Share = 0.0


MODELS: Mapping[str, type[Any]] = {
    "trivial": Nothing,
    "linear": Nothing,
    "lightgbm": Nothing,
    "mlp": Mlp,
    "cnn": Cnn,
}
NETWORKS = ("mlp", "cnn")  # which the engine trains, and so the recipe says all of
OF_IMAGES = ("cnn",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chance:
    """`chance`: of a picture to be changed."""

    chance: Annotated[float, Interval(ge=0, le=1)] = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """`padding`: pixels that a picture may move by."""

    padding: Count = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotate:
    """`degrees`: at most, to either side."""

    degrees: Annotated[float, Interval(gt=0, le=180)] = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ColorJitter:
    """Shares by which brightness, contrast, saturation and hue may change."""

    brightness: Share = 0.2
    contrast: Share = 0.2
    saturation: Share = 0.2
    hue: Annotated[float, Interval(ge=0, le=0.5)] = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """`deviation`: of what is added, in deviations of the inputs."""

    deviation: Positive = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixing:
    """`alpha`: of the Beta distribution that the shares are drawn from.

    Zhang et al. (2018), mixup; Yun et al. (2019), CutMix.
    """

    alpha: Positive = 0.2


AUGMENTATIONS: Mapping[str, type[Any]] = {
    "flip": Chance,
    "erase": Chance,
    "crop": Crop,
    "rotate": Rotate,
    "color-jitter": ColorJitter,
    "noise": Noise,
    "mixup": Mixing,
    "cutmix": Mixing,
}
MIXED = ("mixup", "cutmix")  # of two rows, and of their targets
