"""Values that are possible alone, and not together."""

import re
from collections.abc import Iterator

from wellfit.core.choices import MIXED, OBJECTIVES, OF_NUMBERS, OF_ONE_CLASS
from wellfit.core.errors import BadSetting, nearest
from wellfit.core.recipe import Recipe
from wellfit.core.text import Place
from wellfit.trainer.clock import seconds_of
from wellfit.trainer.recipes.fault import Fault
from wellfit.trainer.recipes.words import close

DEVICE = re.compile(r"auto|cpu|mps|(cuda|xpu)(:\d+)?")
DEVICES = ("auto", "cpu", "cuda", "cuda:0", "mps", "xpu")


def contradictions(recipe: Recipe) -> Iterator[Fault]:
    """Every one, with the place of the value that should give way."""
    yield from _of_columns(recipe)
    yield from _of_split(recipe)
    yield from _of_objective(recipe)
    yield from _of_augmentation(recipe)
    yield from _of_optimizer(recipe)
    yield from _of_schedule(recipe)
    yield from _of_validation(recipe)
    yield from _of_loop(recipe)
    yield from _of_precision(recipe)


def _fault(text: str, *place: str | int) -> Fault:
    return Fault(place=tuple(place), text=text)


def _of_columns(recipe: Recipe) -> Iterator[Fault]:
    data, target = recipe.data, recipe.data.target
    if target is None:
        return
    crossed = [column for cross in data.prepare.crosses for column in cross]
    prepare: Place = ("data", "prepare")
    uses: tuple[tuple[Place, object], ...] = (
        (("data", "drop"), data.drop),
        (("data", "kinds"), data.kinds),
        (("data", "split", "column"), (data.split.column,)),
        ((*prepare, "crosses"), crossed),
        ((*prepare, "polynomials"), data.prepare.polynomials),
    )
    for place, names in uses:
        if target in names:  # type: ignore[operator]
            text = f"{'.'.join(map(str, place))} names the target {target!r} itself"
            yield Fault(place=place, text=text)


def _of_split(recipe: Recipe) -> Iterator[Fault]:
    split, place = recipe.data.split, ("data", "split")
    if split.by in {"time", "group", "part"} and split.column is None:
        yield _fault(f"data.split: a split by {split.by} needs a column", *place)
    if split.by in {"random", "class"} and split.column is not None:
        text = f"data.split: a split by {split.by} goes by no column; by time or group?"
        yield _fault(text, *place, "column")
    if split.validation + split.test >= 1:
        parts = f"{split.validation:g} and {split.test:g}"
        text = f"data.split: validation and test leave no rows to train on; got {parts}"
        yield _fault(text, *place, "test")
    if split.inner is not None and split.folds is None:
        yield _fault("data.split: inner folds need folds around them", *place, "inner")
    if split.by == "class" and recipe.data.task == "regression":
        text = "data.split: a split by class needs classes; data.task is regression"
        yield _fault(text, *place, "by")


def _of_objective(recipe: Recipe) -> Iterator[Fault]:
    from wellfit.objectives.metrics import METRICS

    objective, task = recipe.objective, recipe.data.task
    if objective.name in OBJECTIVES and task is not None:
        numbers = objective.name in OF_NUMBERS
        if numbers != (task == "regression"):
            fitting = [n for n in OBJECTIVES if (n in OF_NUMBERS) != numbers]
            text = f"objective {objective.name} is not for {task}; there are: "
            yield _fault(text + ", ".join(fitting), "objective", "name")
    if objective.threshold is not None and task == "regression":
        text = "objective.threshold is of two classes; data.task is regression"
        yield _fault(text, "objective", "threshold")
    known = [m for t, ms in METRICS.items() if task in {None, t} for m in ms]
    if objective.metric is not None and objective.metric not in known:
        of = f" of {task}" if task else ""
        text = f"objective.metric: no metric{of} {objective.metric!r}"
        hint = nearest(objective.metric, known)
        yield _fault(text + hint, "objective", "metric")


def _of_augmentation(recipe: Recipe) -> Iterator[Fault]:
    """Mixed rows have a share of two classes, which some losses cannot take."""
    name = recipe.objective.name
    for i, one in enumerate(recipe.data.augment):
        if one.name in MIXED and name in OF_ONE_CLASS:
            text = f"data.augment.{i}: {one.name} mixes the classes of two rows, and"
            instead = f"objective {name} takes one: take cross-entropy"
            yield _fault(f"{text} {instead}", "data", "augment", i)


def _of_optimizer(recipe: Recipe) -> Iterator[Fault]:
    optimizer = recipe.optimizer
    if optimizer.nesterov and not optimizer.momentum:
        text = "optimizer.nesterov needs a momentum above 0"
        yield _fault(text, "optimizer", "nesterov")


def _of_schedule(recipe: Recipe) -> Iterator[Fault]:
    shares = 0.0
    for i, stage in enumerate(recipe.schedule):
        lengths = [n for n in ("steps", "epochs", "share") if getattr(stage, n)]
        if len(lengths) > 1:
            text = f"schedule.{i} has {' and '.join(lengths)}; one says how long it is"
            yield _fault(text, "schedule", i, lengths[1])
        shares += stage.share or 0.0
        if shares > 1 + 1e-9:
            text = f"schedule: the shares add up to {shares:g}, and 1 is the training"
            yield _fault(text, "schedule", i)
        if stage.momenta and stage.momenta[0] > stage.momenta[1]:
            low, high = stage.momenta
            text = f"schedule.{i}.momenta are the least and the greatest"
            yield _fault(f"{text}; got {low:g} and {high:g}", "schedule", i, "momenta")
        at, factors = stage.at or (), stage.factors or ()
        if len(at) != len(factors) or list(at) != sorted(set(at)):
            text = f"schedule.{i}: at must be rising epochs, with a factor for each"
            yield _fault(f"{text}; got {len(at)} and {len(factors)}", "schedule", i)


def _of_validation(recipe: Recipe) -> Iterator[Fault]:
    if recipe.regularization.ema and recipe.regularization.swa:
        text = (
            "regularization has ema and swa, which both average the weights; drop one"
        )
        yield _fault(text, "regularization", "swa")
    split = recipe.data.split
    if split.validation > 0 or split.folds:
        return
    needs = "needs validation rows, and data.split.validation is 0"
    if recipe.regularization.early_stopping is not None:
        text = f"regularization.early_stopping {needs}"
        yield _fault(text, "regularization", "early_stopping")
    if recipe.objective.threshold == "tuned":
        yield _fault(f"a tuned threshold {needs}", "objective", "threshold")
    for i, stage in enumerate(recipe.schedule):
        if stage.name == "plateau":
            yield _fault(f"schedule.{i}: plateau {needs}", "schedule", i)


def _of_loop(recipe: Recipe) -> Iterator[Fault]:
    loop = recipe.loop
    if loop.epochs is None and loop.steps is None and loop.budget is None:
        yield _fault("loop needs an end: epochs, steps or a budget", "loop")
    if loop.budget is not None:
        try:
            seconds_of(loop.budget)
        except BadSetting as error:
            yield _fault(f"loop.budget: {error}", "loop", "budget")
    if loop.batch_size != "auto" and loop.batch_size < loop.accumulate:
        text = f"loop.accumulate cannot make {loop.accumulate} parts of a batch of"
        yield _fault(f"{text} {loop.batch_size}", "loop", "accumulate")


def _of_precision(recipe: Recipe) -> Iterator[Fault]:
    precision = recipe.precision
    if not DEVICE.fullmatch(precision.device):
        text = f"precision.device must be one of {', '.join(DEVICES)}"
        got = f"; got {precision.device!r}{close(precision.device, DEVICES)}"
        yield _fault(text + got, "precision", "device")
    if precision.dtype == "float16" and precision.device == "cpu":
        text = "precision.dtype float16 is for GPUs; on a processor take bfloat16"
        yield _fault(text, "precision", "dtype")
