"""The rows of a table, ready for models: by part and by form."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.recipe import Preparing
from wellfit.data.categories import told_of
from wellfit.data.columns import Kind
from wellfit.data.decode import Decoded
from wellfit.data.features import Features, Matrix, View
from wellfit.data.prepare import USUAL, Preparation, prepare
from wellfit.data.split import Split
from wellfit.data.target import Target
from wellfit.models.model import Rows

Part = Literal["train", "validation", "test"]
# Rows at most that medians, scales and levels are learnt from, evenly among those that
# train: more move them by less than a hundredth of a deviation.
LEARNT = 200_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Parts:
    """Training, validation and test rows of `frame`, whose rows all have a target.

    The preparation is learnt from the training rows alone; `how` is what was asked
    of it, and `told` what the training rows tell of the target, where it uses that.
    `decoded` are the images of all rows, where there are some. Of *mapped* ones only
    prepared rows are there, in files, and `frame` is a sample.
    """

    frame: pd.DataFrame
    kinds: Mapping[str, Kind]  # of the columns to learn from
    target: Target
    split: Split
    clock: str | None  # the column that the split went by, where that was time
    preparation: Preparation
    how: Preparing = USUAL
    told: Matrix | None = None
    seed: int = 0  # of what training rows are told by
    decoded: Decoded | None = None
    mapped: bool = False
    _ready: dict[tuple[str, View], Rows] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        kinds: Mapping[str, Kind],
        target: Target,
        split: Split,
        clock: str | None = None,
        how: Preparing = USUAL,
        seed: int = 0,
        decoded: Decoded | None = None,
    ) -> "Parts":
        """Learn the preparation from the training rows."""
        by_target = how.categories.beyond == "target"
        told = told_of(target, split.train) if by_target else None
        step = 1 if told is not None else -(-len(split.train) // LEARNT)
        training = frame.iloc[split.train[::step]]
        return cls(
            frame=frame,
            kinds=kinds,
            target=target,
            split=split,
            clock=clock,
            preparation=prepare(training, kinds, clock=clock, how=how, told=told),
            how=how,
            told=told,
            seed=seed,
            decoded=decoded,
        )

    def rows(self, part: Part, view: View) -> Rows:
        """The rows of a part, prepared; made once, and kept."""
        if (part, view) not in self._ready:
            places = getattr(self.split, part)
            features = self._features(self.frame.iloc[places], part, view)
            self._ready[part, view] = Rows(
                x=features.x,
                y=self.target.y[places],
                categorical=features.categorical,
            )
        return self._ready[part, view]

    def held(self, view: View) -> Rows | None:
        """The validation rows; None where none are kept for that."""
        return self.rows("validation", view) if len(self.split.validation) else None

    def _features(self, rows: pd.DataFrame, part: Part, view: View) -> Features:
        if part == "train" and self.told is not None:
            return self.preparation.apply_training(
                rows, view, self.told, seed=self.seed
            )
        return self.preparation.apply(rows, view, self.decoded)

    def fewer(self, rows: int, seed: int, *, judged: int | None = None) -> "Parts":
        """The same with so many training rows at most, drawn by the seed.

        And with so many validation rows (`judged`; without it, all of them).
        """
        train, validation = self.split.train, self.split.validation
        rng = np.random.default_rng(seed)
        kept = _drawn(len(train), rows, rng)
        held = _drawn(
            len(validation), len(validation) if judged is None else judged, rng
        )
        if len(kept) == len(train) and len(held) == len(validation):
            return self
        split = replace(self.split, train=train[kept], validation=validation[held])
        told = None if self.told is None else self.told[kept]
        return replace(self, split=split, told=told, _ready={})

    def of_split(self, split: Split) -> "Parts":
        """The same table split otherwise; the preparation is learnt anew."""
        return Parts.of(
            self.frame,
            self.kinds,
            self.target,
            split,
            self.clock,
            how=self.how,
            seed=self.seed,
            decoded=self.decoded,
        )

    def merged(self) -> "Parts":
        """Training and validation rows as one training part, for the last fit."""
        both = np.sort(np.concatenate([self.split.train, self.split.validation]))
        none = np.array([], dtype=np.int64)
        split = Split(
            train=both, validation=none, test=self.split.test, how=self.split.how
        )
        return self.of_split(split)


def _drawn(count: int, wanted: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """So many places of `count`, or all of them; sorted."""
    if wanted >= count:
        return np.arange(count)
    return np.sort(rng.choice(count, wanted, replace=False))
