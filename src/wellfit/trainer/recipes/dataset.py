"""A Dataset of the user's own: read for its targets, and split as a table is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd  # noqa: TID253
from torch import Tensor  # noqa: TID253
from torch.utils.data import Dataset, IterableDataset  # noqa: TID253

from wellfit.core.errors import BadSetting, BadTable
from wellfit.core.own import is_own, parameters_of
from wellfit.core.recipe import Recipe
from wellfit.data.features import View
from wellfit.data.prepare import Preparation
from wellfit.data.split import Split
from wellfit.data.table import Table
from wellfit.data.target import Target, Task, read_target
from wellfit.models.model import Rows
from wellfit.objectives.metrics import Metric
from wellfit.trainer.feed import LoaderFeed, Seeded
from wellfit.trainer.parts import Part, Parts
from wellfit.trainer.randomness import borrowed
from wellfit.trainer.samples import Samples, as_input
from wellfit.trainer.study import Study

NAME = "target"  # what is predicted is called, where the recipe says nothing
COMPARED = 16  # samples, whose targets must be those of the attribute `targets`
AT_ONCE = 256  # samples that are read for their targets
PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Own:
    """The samples that train, and the same without augmentation, which are judged by.

    They are one Dataset where its factory has no parameter `augment`. `form` is the
    shape of an input.
    """

    name: str
    train: Dataset[Any]
    judged: Dataset[Any]
    form: tuple[int, ...]
    floats: bool

    def __len__(self) -> int:
        return len(cast(Any, self.judged))

    def check(self, recipe: Recipe) -> None:
        """`BadSetting` for what a recipe cannot say of a Dataset."""
        model, by = recipe.model.name, recipe.data.split.by
        dense = model == "mlp" and len(self.form) == 1 and self.floats
        if not (is_own(model) or model == "trivial" or dense):
            raise BadSetting(
                f"model.name: {model} does not learn from {self.name}, whose inputs "
                f"have the shape {self.form}: a network of your own does "
                "(package.module:factory); mlp learns from floats in one dimension"
            )
        if by not in {"random", "class"}:
            raise BadSetting(
                f"data.split: a Dataset has no columns to split by {by}: take random "
                "or class"
            )
        if recipe.data.augment:
            raise BadSetting(
                "data.augment changes rows that are in memory; a Dataset changes its "
                "own: have it do so where its factory is called with augment=True"
            )

    def target(self, recipe: Recipe) -> Target:
        """Classes where all targets are whole numbers or names; else numbers."""
        found = _targets(self, recipe.loop.workers, recipe.seed)
        usual: Task = "classification"
        if any(isinstance(value, float) for value in found):
            usual = "regression"
        column = pd.Series(found, name=recipe.data.target or NAME)
        return read_target(column, recipe.data.task or usual)

    def parts(self, target: Target, split: Split, seed: int) -> Parts:
        """Training, validation and test samples, none of which is loaded yet."""
        ready: dict[tuple[str, View], Rows] = {}
        for part in PARTS:
            places = getattr(split, part)
            x = Samples(
                dataset=self.train if part == "train" else self.judged,
                places=target.rows[places],
                form=self.form,
                seed=seed,
                name=self.name,
            )
            y = target.y[places]
            ready[part, "dense"] = Rows(x=cast(Any, x), y=y)
            ready[part, "coded"] = Rows(x=np.zeros((len(y), 1)), y=y)  # for trivial
        return Parts(
            frame=pd.DataFrame(index=range(len(target.rows))),
            kinds={},
            target=target,
            split=split,
            clock=None,
            preparation=Preparation(columns=(), left_out={}),
            mapped=True,
            _ready=ready,
        )

    def table(self, target: Target) -> Table:
        """What stands for it where a table is told of: its targets."""
        return Table(frame=pd.DataFrame({target.name: target.y}), name=self.name)

    def study(self, parts: Parts, metric: Metric) -> Study:
        """What was decided; what its inputs are like, the training tells."""
        target = parts.target
        said: dict[str, Any] = {"name": target.name, "kind": "number"}
        if target.classes:
            said |= {"kind": "category", "counts": target.counts}
        else:
            y = target.y
            said |= {"mean": float(y.mean()), "std": float(y.std())}
            said |= {"min": float(y.min()), "max": float(y.max())}
        data: dict[str, Any] = {"columns": [], "target": said}
        data |= {"rows": len(self), "task": target.task}
        missing = len(self) - len(target.rows)
        note = f"{missing:,} samples left out: they have no target"
        return Study(
            table=self.table(target),
            target=target,
            kinds={},
            left_out={},
            parts=parts,
            metric=metric,
            data=data,
            notes=(*((note,) if missing else ()), *parts.split.notes),
        )


def made_by(factory: Callable[..., Any], name: str) -> Any:
    """What the factory gives: an `Own` of a Dataset, and all else as it is."""
    both = "augment" in parameters_of(factory)
    found = _called(factory, name, **({"augment": True} if both else {}))
    if not isinstance(found, Dataset):
        return found
    judged = _called(factory, name, augment=False) if both else found
    return own(found, judged, name)


def own(train: Any, judged: Any, name: str) -> Own:
    """The Dataset, looked at; `BadSetting` where it cannot be trained on."""
    if isinstance(train, IterableDataset):
        raise BadSetting(
            f"data.source: {name} gives an IterableDataset, whose samples have no "
            "numbers: they can be neither split nor gone on with from the middle; give "
            "a Dataset with __len__ and __getitem__"
        )
    counts = [_count(data, name) for data in (train, judged)]
    if counts[0] != counts[1]:
        raise BadSetting(
            f"data.source: {name} must give the same samples with augment=True and "
            f"augment=False; it gave {counts[0]:,} and {counts[1]:,}"
        )
    first = as_input(_first(judged, name), name, 0)
    return Own(
        name=name,
        train=train,
        judged=judged,
        form=tuple(first.shape),
        floats=first.is_floating_point(),
    )


def to_predict(factory: Callable[..., Any], name: str) -> Any:
    """What the factory gives to predict for: not augmented, where it can say so."""
    plain = {"augment": False} if "augment" in parameters_of(factory) else {}
    return _called(factory, name, **plain)


def samples_of(data: Any) -> Samples:
    """All samples of a Dataset, to predict for; they need no targets."""
    if not isinstance(data, Dataset) or isinstance(data, IterableDataset):
        raise BadTable(
            "the model learnt from a Dataset of your own: predict for a Dataset with "
            "__len__ and __getitem__, or for the package.module:factory of one; got "
            f"{data if isinstance(data, str) else type(data).__name__}"
        )
    count, name = _count(data, "the Dataset"), type(data).__name__
    first = as_input(data[0], name, 0)
    return Samples(
        dataset=data,
        places=np.arange(count),
        form=tuple(first.shape),
        seed=0,
        name=name,
    )


def _called(factory: Callable[..., Any], name: str, **said: Any) -> Any:
    try:
        return factory(**said)
    except Exception as error:  # it is the user's own code
        raise BadSetting(
            f"data.source: {name} failed with {type(error).__name__}: {error}"
        ) from error


def _count(data: Any, name: str) -> int:
    try:
        count = len(data)
    except (TypeError, NotImplementedError) as error:
        raise BadSetting(
            f"data.source: {name} gives a Dataset without a length: it needs __len__"
        ) from error
    if not count:
        raise BadSetting(f"data.source: {name} gives a Dataset without samples")
    return int(count)


def _first(data: Any, name: str) -> Any:
    try:
        with borrowed():
            found = data[0]
    except Exception as error:  # it is the user's own code
        raise BadSetting(
            f"data.source: {name} failed to give its first sample with "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise BadSetting(
            f"data.source: {name} must give pairs of an input and a target; it gave a "
            f"{type(found).__name__}"
        )
    return found


# -- targets ----------------------------------------------------------------------


def _targets(data: Own, workers: int, seed: int) -> list[Any]:
    """A target a sample; they are loaded only where there are no `targets`."""
    read = _Targets(data.judged, data.name)
    said = getattr(data.judged, "targets", None)
    if isinstance(said, list | tuple | np.ndarray | Tensor) and len(said) == len(data):
        places = range(0, len(data), -(-len(data) // COMPARED))
        told = [_plain(said[place], data.name, place) for place in places]
        if told == Seeded(read, seed).__getitems__([(0, place) for place in places]):
            return [_plain(value, data.name, place) for place, value in enumerate(said)]
    feed = LoaderFeed(
        read,
        batch_size=AT_ONCE,
        seed=seed,
        shuffle=False,
        workers=workers,
        collate_fn=list,
    )
    return [target for batch in feed.batches(0) for target in batch]


class _Targets(Dataset[Any]):
    """The targets of a Dataset, in plain Python."""

    def __init__(self, data: Dataset[Any], name: str) -> None:
        self._data, self._name = data, name

    def __len__(self) -> int:
        return len(cast(Any, self._data))

    def __getitem__(self, place: int) -> Any:
        return _plain(self._data[place][1], self._name, place)


def _plain(target: Any, name: str, place: int) -> Any:
    """A number, a name or a boolean."""
    if isinstance(target, Tensor):
        target = target.detach().cpu().numpy()
    if isinstance(target, np.ndarray | np.generic) and target.size == 1:
        target = target.item()
    if not isinstance(target, bool | int | float | str):
        shape = getattr(target, "shape", None)
        what = type(target).__name__ if shape is None else f"of shape {tuple(shape)}"
        raise BadSetting(
            f"data.source: the target of a sample must be a number or a class; that of "
            f"number {place} of {name} is {what}"
        )
    return target
