"""The yardstick: class shares, or the mean, whatever the row."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from wellfit.data.features import View
from wellfit.models.model import Fit, OnRound, Rows, Scores, never_ending

FILE = "trivial.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trivial:
    """Always predicts the training rows' class shares, or their mean."""

    name: ClassVar[str] = "trivial"
    view: ClassVar[View] = "coded"

    classes: int

    def fit(
        self, train: Rows, validation: Rows | None, on_round: OnRound = never_ending
    ) -> Fit:
        """Take the shares, or the mean."""
        if self.classes:
            shares = np.bincount(train.y, minlength=self.classes) / len(train)
            values = tuple(shares.tolist())
        else:
            values = (float(train.y.mean()),)
        fitted = FittedTrivial(classes=self.classes, values=values)
        return Fit(fitted=fitted, settled=self)


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedTrivial:
    """Class shares in the order of the classes, or one mean."""

    classes: int
    values: tuple[float, ...]

    def predict(self, x: NDArray[Any]) -> Scores:
        """The same for every row."""
        every = np.tile(np.array(self.values, dtype=np.float64), (len(x), 1))
        return every if self.classes else every[:, 0]

    def save(self, folder: Path) -> None:
        """Write `trivial.json`."""
        (folder / FILE).write_text(json.dumps(self.values), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedTrivial":
        """Read `trivial.json`."""
        values = [float(v) for v in json.loads((folder / FILE).read_text("utf-8"))]
        if len(values) != max(classes, 1):
            raise ValueError(f"{FILE} has {len(values)} values")
        return cls(classes=classes, values=tuple(values))
