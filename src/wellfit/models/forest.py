"""Many trees on their own, and the mean of what they say: random forests."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import (  # noqa: TID253
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from wellfit.data.features import View
from wellfit.models import arrays
from wellfit.models.model import Fit, OnRound, Round, Rows, Scores, never_ending
from wellfit.models.trees import plant, uproot

FILE = "forest.npz"
TREES = 200
BATCH = 25  # trees between two looks at the time
MOST_LEAVES = 500_000  # of a forest: about 20 MB, and 4 MB for each class
JOBS = 2
Kind = Literal["extra", "random"]
FORESTS: Mapping[tuple[Kind, bool], type[Any]] = {
    ("extra", True): ExtraTreesClassifier,
    ("extra", False): ExtraTreesRegressor,
    ("random", True): RandomForestClassifier,
    ("random", False): RandomForestRegressor,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Forest:
    """Extremely randomised trees (Geurts et al. 2006), or Breiman's random forest.

    `leaf` is the fewest rows of a leaf: more where there are so many rows that the
    trees would be large.
    """

    name: ClassVar[str] = "forest"
    view: ClassVar[View] = "coded"

    classes: int
    seed: int = 0
    kind: Kind = "extra"
    trees: int = TREES
    leaf: int = 1

    def fit(
        self, train: Rows, validation: Rows | None, on_round: OnRound = never_ending
    ) -> Fit:
        """Grow its trees, some at a time; validation rows choose nothing."""
        forest = self._forest(len(train))
        for grown in [*range(BATCH, self.trees, BATCH), self.trees]:
            forest.set_params(n_estimators=grown)
            forest.fit(train.x, train.y)
            if not on_round(Round(step=grown, signals={})):
                break
        forest.set_params(n_jobs=None)  # in threads, sums come in any order
        fitted = FittedForest(classes=self.classes, forest=forest)
        return Fit(fitted=fitted, settled=replace(self, trees=grown))

    def _forest(self, rows: int) -> Any:
        return FORESTS[self.kind, bool(self.classes)](
            max_features="sqrt" if self.classes else 0.5,
            min_samples_leaf=max(self.leaf, -(-rows * self.trees // MOST_LEAVES)),
            warm_start=True,
            random_state=self.seed,
            n_jobs=JOBS,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedForest:
    """A fitted scikit-learn forest."""

    classes: int
    forest: Any

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, or numbers.

        The trees' shares and one vote more, that any class is as probable: no class is
        impossible because no tree has seen it there (Laplace's rule of succession).
        """
        if not self.classes:
            return np.asarray(self.forest.predict(x), dtype=np.float64)
        out = np.zeros((len(x), self.classes))
        out[:, self.forest.classes_] = self.forest.predict_proba(x)
        trees = len(self.forest.estimators_)
        return (trees * out + 1 / self.classes) / (trees + 1)

    def save(self, folder: Path) -> None:
        """Write `forest.npz`."""
        arrays.write(folder / FILE, uproot(self.forest))

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedForest":
        """Read `forest.npz`; `ValueError` where its trees do not hang together."""
        made = RandomForestClassifier if classes else RandomForestRegressor
        forest = plant(made, folder / FILE, classes=classes)
        return cls(classes=classes, forest=forest)
