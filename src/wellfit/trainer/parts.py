"""The rows of a table, ready for models: by part and by form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd  # noqa: TID253

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
        training = frame.iloc[split.train]
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

    def merged(self) -> "Parts":
        """Training and validation rows as one training part, for the last fit."""
        both = np.sort(np.concatenate([self.split.train, self.split.validation]))
        none = np.array([], dtype=np.int64)
        split = Split(
            train=both, validation=none, test=self.split.test, how=self.split.how
        )
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
