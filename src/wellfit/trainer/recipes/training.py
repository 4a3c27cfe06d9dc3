"""The choice of how a recipe trains: by the task, by its data and by their size."""

import math

from wellfit.core.choices import CrossEntropy, Huber, Mlp
from wellfit.core.recipe import (
    Categories,
    EarlyStopping,
    Loop,
    Model,
    Objective,
    Optimizer,
    Precision,
    Regularization,
    Stage,
)
from wellfit.data.columns import Kind
from wellfit.objectives.metrics import RARE
from wellfit.trainer.recipes.inputs import Reasons
from wellfit.trainer.recipes.params import usual
from wellfit.trainer.recipes.seen import Seen

FEW = 1000  # training rows: a wider network would know each of them
MANY = 10_000
THIN = 10  # rows a feature: with fewer the fit follows chance
BATCHES = (32, 256)  # Bengio (2012), section 3.1.1: from there on little is gained
AN_EPOCH = 50  # steps, where the batches allow it
SCARCE = 0.2  # of its fair share: a class that losses without weights overlook
STEPS = 3000  # in all, for a rate that falls to zero to have settled
LARGEST_GRADIENT = 1.0


def choose_model(seen: Seen) -> tuple[Model, Reasons]:
    """A network of dense layers, as wide and as free as the rows allow."""
    count = features(seen)
    hidden = (64,) if seen.rows < FEW else (128, 64) if seen.rows < MANY else (256, 128)
    thin = seen.rows < THIN * count
    dropout = 0.3 if thin else 0.1
    size = f"{seen.rows:,} training rows of about {count:,} features"
    model = Model(params=usual(Mlp) | {"hidden": list(hidden), "dropout": dropout})
    return model, {
        "model.name": "a table of columns, which have no order that a layer could use",
        "model.params.hidden": size,
        "model.params.dropout": f"{seen.rows / count:,.3g} rows a feature"
        + (": few, so the fit is held back" if thin else ""),
    }


def features(seen: Seen) -> int:
    """About how many columns a network gets of the table."""
    rare, most = Categories().rare, Categories().most
    common = [sum(count >= rare for count in c.levels) for c in seen.categories]
    one_hot = sum(min(most, levels) + 2 for levels in common)
    dates = sum(c.kind is Kind.DATE for c in seen.columns)
    return max(1, one_hot + 6 * dates + len(seen.columns) - len(seen.categories))


def choose_objective(seen: Seen) -> tuple[Objective, Reasons]:
    """The loss, by the task and by what the targets are like."""
    objective, why = _of_classes(seen) if seen.of.classes else _of_numbers(seen)
    return objective, {**why, "objective.metric": seen.metric.why}


def _of_numbers(seen: Seen) -> tuple[Objective, Reasons]:
    metric, target = seen.metric.name, seen.target
    if not target.heavy:
        why = "no training target stands apart, so errors may count by their squares"
        said = f" (tails {target.tail:.1f} times a normal's)" if target.tail else ""
        return Objective(name="mse", metric=metric), {"objective.name": why + said}
    what = f"{target.apart:,} of {seen.rows:,} training targets stand apart"
    if target.tail is not None:
        what += f", and the tails are {target.tail:.1f} times as wide as a normal's"
    why = f"{what}: their squares would rule the fit"
    objective = Objective(name="huber", params=usual(Huber), metric=metric)
    return objective, {
        "objective.name": why,
        "objective.params.delta": "in deviations of the target",
    }


def _of_classes(seen: Seen) -> tuple[Objective, Reasons]:
    rarest, fewest = min(seen.counts.items(), key=lambda pair: pair[1])
    share = fewest / sum(seen.counts.values())
    binary = len(seen.counts) == 2
    rare = share < RARE / len(seen.counts)
    what = f"{rarest} is {share:.1%} of the training rows"
    params = usual(CrossEntropy)
    why = {
        "objective.name": f"{len(seen.counts):,} classes; its gradient does not vanish "
        "where a prediction is wrong",
        "objective.params.weights": f"{what}, the least of {len(seen.counts):,}",
    }
    if share < SCARCE / len(seen.counts) and not binary:
        params |= {"weights": "balanced"}
        why["objective.params.weights"] += ": unweighted, it would hardly count"
    if rare and binary:
        why["objective.threshold"] = (
            f"{what}, and a threshold of 0.5 would hardly predict it; moving it does "
            "as well as balancing (arXiv 2201.08528)"
        )
    return Objective(
        name="cross-entropy",
        params=params,
        metric=seen.metric.name,
        threshold="tuned" if rare and binary else None,
    ), why


def choose_optimizer(seen: Seen) -> tuple[Optimizer, Reasons]:
    """Adam's kind for a network: its layers' gradients differ in scale."""
    optimizer = Optimizer(
        name="adamw", lr=2e-3, weight_decay=1e-2, betas=(0.9, 0.999), eps=1e-8
    )
    why = "the gradients of a network's layers differ in scale, and its steps do not"
    if seen.categories:
        one_hot = f"{len(seen.categories):,} of {len(seen.columns):,} columns"
        why += f"; {one_hot} are one-hot, whose weights seldom have one"
    return optimizer, {
        "optimizer.name": why,
        "optimizer.lr": "from 0.001 to 0.01, as Adam starts; the schedule lowers it",
        "optimizer.weight_decay": f"a mild hold, decoupled from the rate, on a fit to "
        f"{seen.rows:,} rows",
    }


def choose_schedule() -> tuple[tuple[Stage, ...], Reasons]:
    """A short warm-up, then down along half a cosine."""
    stages = (
        Stage(name="warm-up", share=0.05, floor=0.0),
        Stage(name="cosine", floor=0.0, cycles=1, growth=1),
    )
    return stages, {
        "schedule.0": "Adam's first steps rest on few gradients",
        "schedule.1": "large steps first, and none at the end",
    }


def choose_regularization(seen: Seen) -> tuple[Regularization, Reasons]:
    """The end where validation says so."""
    stopping = EarlyStopping()
    count = len(seen.settled.split.validation)
    why = f"judged by {count:,} validation rows; the best evaluation's weights are kept"
    return Regularization(early_stopping=stopping), {
        "regularization.early_stopping": why
    }


def batch_of(rows: int) -> int:
    """The size of a batch, for so many training rows.

    >>> [batch_of(rows) for rows in (20, 1000, 6400, 1_000_000)]
    [20, 32, 128, 256]
    """
    least, most = BATCHES
    wanted: int = 2 ** round(math.log2(max(rows / AN_EPOCH, 1)))
    return min(max(wanted, least), most, rows)


def choose_loop(seen: Seen) -> tuple[Loop, Reasons]:
    """Batches and epochs by the number of rows."""
    rows, (least, most) = seen.rows, BATCHES
    batch = batch_of(rows)
    steps = math.ceil(rows / batch)
    epochs = min(max(math.ceil(STEPS / steps), 10), 200)
    far = seen.target.heavy or any(c.heavy for c in seen.numbers)
    budget = seen.how.budget
    loop = Loop(
        epochs=epochs,
        budget=budget if isinstance(budget, str) else f"{budget:g}s",
        batch_size=batch,
        clip=LARGEST_GRADIENT if far else None,
    )
    why = {
        "loop.epochs": f"{steps:,} steps each, {epochs * steps:,} in all",
        "loop.batch_size": f"{rows:,} training rows in {AN_EPOCH} steps would be "
        f"{rows / AN_EPOCH:,.0f} each; {least} to {most} serve best",
    }
    if far:
        why["loop.clip"] = "a single far value cannot throw the weights far"
    return loop, why


def choose_precision(seen: Seen) -> tuple[Precision, Reasons]:
    """Full precision: on a network of this size the conversions cost more."""
    return Precision(dtype="float32"), {
        "precision.dtype": f"about {features(seen):,} features: too small a network to "
        "gain from half"
    }
