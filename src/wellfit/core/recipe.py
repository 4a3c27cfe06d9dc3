"""What to train, when there is no script: a recipe, in plain values.

A recipe says all that a training's outcome depends on, the seed included: the same
recipe, the same data, the same model. The bounds of a value stand in its type; they are
enforced, with a sentence for whoever wrote the value, where a recipe is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Interval, Len, Lt

Positive = Annotated[float, Gt(0)]
AtLeastZero = Annotated[float, Ge(0)]
Share = Annotated[float, Interval(ge=0, lt=1)]
Fraction = Annotated[float, Interval(gt=0, le=1)]
Count = Annotated[int, Ge(1)]
Name = Annotated[str, Len(1)]

Task = Literal["classification", "regression"]
KindName = Literal[
    "number", "category", "boolean", "date", "text", "identifier", "constant", "image"
]
SplitBy = Literal["random", "class", "time", "group", "part"]
Scaling = Literal["none", "min-max", "z-score", "robust", "bounded"]
Imputation = Literal["mean", "median", "iterative"]
OptimizerName = Literal["sgd", "adagrad", "rmsprop", "adam", "adamw", "lbfgs", "muon"]
StageName = Literal[
    "warm-up", "constant", "step", "exponential", "linear", "cosine", "piecewise",
    "plateau", "cyclical", "one-cycle",
]  # fmt: skip
Number = Literal["auto", "float32", "bfloat16", "float16"]

VERSION = 1  # of the form below; older forms are read for ever


@dataclass(frozen=True, kw_only=True, slots=True)
class Splitting:
    """How rows become a training, a validation and an untouched test part.

    `column` is what time or group is told by, or which part a row is in; a part that
    no row is in is drawn from the training rows. With `folds` the rows that are not of
    the test part are training and validation in turn; with `inner` each fold's
    training rows are split again, for what is chosen within it (nested).
    """

    by: SplitBy = "random"
    column: str | None = None
    validation: Annotated[float, Interval(ge=0, lt=1)] = 0.2
    test: Annotated[float, Interval(ge=0, lt=1)] = 0.2
    folds: Annotated[int, Ge(2)] | None = None
    inner: Annotated[int, Ge(2)] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Categories:
    """Levels of fewer than `rare` rows share a column, and so do those after `most`.

    `beyond` is what becomes of a category with more levels than `most`: *pooled*, as
    said, or *target*: a column of what the target is on its rows, told out of fold.
    """

    rare: Count = 10
    most: Count = 30
    beyond: Literal["pooled", "target"] = "pooled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Images:
    """What images are made into: squares of `side` pixels, of 1 or 3 `channels`."""

    side: Annotated[int, Interval(ge=8, le=512)]
    channels: Literal[1, 3] = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparing:
    """How columns become features; all of it is learnt from training rows only.

    `images` is of columns of images; without it they are left out. `crosses` are
    columns taken together, numbers as their product and categories as their pairs;
    `polynomials` the highest power of a column. *bounded* scaling is robust, and bends
    what is far out so that it stays within ±3.
    """

    scaling: Scaling = "bounded"
    imputation: Imputation = "median"
    categories: Categories = field(default_factory=Categories)
    images: Images | None = None
    crosses: tuple[Annotated[tuple[str, ...], Len(2)], ...] = ()
    polynomials: Mapping[str, Annotated[int, Interval(ge=2, le=5)]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """A random change of training inputs, drawn anew for each batch."""

    name: Name
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """What is learnt from, and how its rows and columns are used.

    `source` is a table, a folder of images with a folder a class, or
    `package.module:factory`, which gives a table or a PyTorch Dataset.
    """

    source: Name
    target: str | None = None
    task: Task | None = None
    kinds: Mapping[str, KindName] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    split: Splitting = field(default_factory=Splitting)
    prepare: Preparing = field(default_factory=Preparing)
    augment: tuple[Augmentation, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model by name, or `package.module:factory`, called with `params`."""

    name: Name = "mlp"
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """What is minimised, by name or `package.module:factory`, and what it is judged by.

    `threshold` is the probability from which on the second of two classes is
    predicted; *tuned* chooses it on validation rows.
    """

    name: Name
    params: Mapping[str, Any] = field(default_factory=dict)
    metric: str | None = None
    threshold: Annotated[float, Interval(gt=0, lt=1)] | Literal["tuned"] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Optimizer:
    """How weights follow their gradients.

    Weight decay leaves norms and biases alone unless `decay_norms`. `layer_decay`
    multiplies the rate for each layer further from the output; `layer_rates` multiply
    it by the beginning of a parameter's name. An `lr` of *auto* is found by a range
    test. What an optimizer does not take is None.
    """

    name: OptimizerName = "adamw"
    lr: Positive | Literal["auto"] = 1e-3
    weight_decay: AtLeastZero = 0.0
    decay_norms: bool = False
    layer_decay: Fraction = 1.0
    layer_rates: Mapping[str, AtLeastZero] = field(default_factory=dict)
    momentum: Share | None = None
    nesterov: bool | None = None
    betas: tuple[Share, Share] | None = None
    alpha: Share | None = None
    eps: Positive | None = None
    history: Count | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A stretch of the schedule: what the rate is multiplied by as it goes on.

    It lasts so many `steps`, or `epochs`, or a `share` of the training; one that says
    none of them shares what is left. `core/choices.py` has what each takes.
    """

    name: StageName
    steps: Count | None = None
    epochs: Positive | None = None
    share: Fraction | None = None
    factor: Positive | None = None
    floor: Share | None = None
    every: Count | None = None
    at: tuple[Count, ...] | None = None
    factors: tuple[AtLeastZero, ...] | None = None
    cycles: Count | None = None
    growth: Count | None = None
    rise: Annotated[float, Interval(gt=0, lt=1)] | None = None
    momenta: tuple[Share, Share] | None = None
    patience: Count | None = None
    least_gain: AtLeastZero | None = None
    metric: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlyStopping:
    """The end after `patience` evaluations without a gain of at least `least_gain`.

    The gain is in units of `metric`, by default the validation loss; the weights of
    the best evaluation are restored.
    """

    patience: Count = 16
    least_gain: AtLeastZero = 0.0
    metric: str | None = None
    restore: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Regularization:
    """What keeps the fit from following the noise.

    `l1` and `l2` are added to the loss (together: elastic net). `ema` is the decay of
    an average of the weights over all steps; `swa` the share of the training after
    which they are averaged a time each epoch.
    """

    l1: AtLeastZero = 0.0
    l2: AtLeastZero = 0.0
    ema: Annotated[float, Interval(gt=0, lt=1)] | None = None
    swa: Annotated[float, Interval(gt=0, lt=1)] | None = None
    early_stopping: EarlyStopping | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """How long, in what batches, and what is done on the way.

    The first of `epochs`, `steps` and `budget` to be reached is the end. `batch_size`
    is of an optimizer step; `accumulate` makes it of so many parts. `clip` is the
    largest norm of the gradients. Evaluated and saved each epoch, or so many steps.
    So many `workers` load the samples of a Dataset; rows of a table need none.
    """

    epochs: Count | None = 60
    steps: Count | None = None
    budget: str | None = None
    batch_size: Count | Literal["auto"] = "auto"
    accumulate: Count = 1
    clip: Positive | None = None
    evaluate_every: Count | None = None
    checkpoint_every: Count | None = None
    keep: tuple[Count | Literal["best", "last"], ...] = ("best", "last")
    workers: Annotated[int, Ge(0)] = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Precision:
    """In which numbers, in what layout, and where.

    *auto* takes what the device is fastest with and keeps the outcome.
    """

    dtype: Number = "auto"
    device: Name = "auto"
    channels_last: bool = False
    compile: bool = False
    checkpoint_activations: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What to train on what data, and how: all that the outcome depends on.

    `wellfit.recipe_for` writes one, `wellfit.train` trains by it. It is a frozen value,
    of sections that are so too: `dataclasses.replace`, or `asked` of `recipe_for`,
    make another of it. `reasons` has a sentence for what was chosen, by dotted path;
    docs/training.md explains each key, with its unit.

    >>> recipe = Recipe(data=Data(source="a.csv"), objective=Objective(name="mse"))
    >>> recipe.to_json()["optimizer"]["lr"]
    0.001
    """

    version: Annotated[int, Ge(1), Lt(VERSION + 1)] = VERSION
    data: Data
    model: Model = field(default_factory=Model)
    objective: Objective
    optimizer: Optimizer = field(default_factory=Optimizer)
    schedule: tuple[Stage, ...] = ()
    regularization: Regularization = field(default_factory=Regularization)
    loop: Loop = field(default_factory=Loop)
    precision: Precision = field(default_factory=Precision)
    seed: Annotated[int, Interval(ge=0, lt=2**31)] = 0
    reasons: Mapping[str, str] = field(default_factory=dict, compare=False)

    def to_json(self) -> dict[str, Any]:
        """All but the reasons, as plain data; `read_plain` reads it back."""
        said = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        del said["reasons"]
        return said

    def to_yaml(self) -> str:
        """The text of `recipe.yaml`, each reason a comment beside its line."""
        from wellfit.core.written import written

        return written(self)

    def save(self, path: str | Path) -> Path:
        """Write that text to a file, which `wellfit.train` takes; what was there goes.

        Paths in it stay as they are: they are told from where the training is begun.
        """
        file = Path(path)
        file.write_text(self.to_yaml(), encoding="utf-8")
        return file


def _plain(value: Any) -> Any:
    """Sections as dicts and tuples as lists, as JSON and YAML have them."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
