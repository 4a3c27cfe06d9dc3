"""Gradient-boosted trees, by XGBoost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xgboost as xgb  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.features import View
from wellfit.models.model import Fit, OnRound, Round, Rows, Scores, never_ending
from wellfit.models.threads import threads_for
from wellfit.models.xgboost_json import checked_json

FILE = "xgboost.json"
MOST_ROUNDS = 3000
LESS = 2.5  # rounds without a lower validation loss, times the learning rate: patience


@dataclass(frozen=True, kw_only=True, slots=True)
class XgBoost:
    """Gradient-boosted trees; validation rows choose the number of rounds.

    `features` and `rows` are the shares that each tree is grown on, `weight` the least
    sum of second derivatives in a leaf, `l2` the penalty of a leaf's value.
    """

    name: ClassVar[str] = "xgboost"
    view: ClassVar[View] = "coded"

    classes: int
    seed: int = 0
    rounds: int = 200
    learning_rate: float = 0.05
    depth: int = 6
    features: float = 0.8
    rows: float = 0.8
    weight: float = 1.0
    l2: float = 1.0

    def fit(
        self, train: Rows, validation: Rows | None, on_round: OnRound = never_ending
    ) -> Fit:
        """Boost its own number of rounds, or until validation stops improving."""
        sets = [(_matrix(train), "train")]
        if validation is not None:
            sets.append((_matrix(validation), "val"))
        watcher = _Watcher(on_round, max(10, int(LESS / self.learning_rate)))
        booster = xgb.train(
            self._parameters(train.x),
            sets[0][0],
            num_boost_round=self.rounds if validation is None else MOST_ROUNDS,
            evals=sets,
            callbacks=[watcher],
            verbose_eval=False,
        )
        rounds = watcher.best if validation is not None else watcher.done
        fitted = FittedXgBoost(classes=self.classes, booster=booster[:rounds])
        return Fit(fitted=fitted, settled=replace(self, rounds=rounds))

    def _parameters(self, x: NDArray[Any]) -> dict[str, Any]:
        return {
            **_objective(self.classes),
            "learning_rate": self.learning_rate,
            "max_depth": self.depth,
            "colsample_bytree": self.features,
            "subsample": self.rows,
            "min_child_weight": self.weight,
            "reg_lambda": self.l2,
            "tree_method": "hist",
            "seed": self.seed,
            "nthread": threads_for(x),
            "verbosity": 0,
        }


def _objective(classes: int) -> dict[str, Any]:
    if classes == 0:
        return {"objective": "reg:squarederror", "eval_metric": "rmse"}
    if classes == 2:
        return {"objective": "binary:logistic", "eval_metric": "logloss"}
    return {
        "objective": "multi:softprob",
        "num_class": classes,
        "eval_metric": "mlogloss",
    }


def _matrix(rows: Rows) -> xgb.DMatrix:
    return _features(rows.x, rows.categorical, label=rows.y)


def _features(
    x: NDArray[Any], categorical: tuple[int, ...], label: Any = None
) -> xgb.DMatrix:
    types = ["c" if i in set(categorical) else "float" for i in range(x.shape[1])]
    return xgb.DMatrix(
        np.asarray(x, dtype=np.float32),
        label=label,
        feature_types=types,
        enable_categorical=True,
        nthread=threads_for(x),
    )


class _Watcher(xgb.callback.TrainingCallback):
    """Called after each round: tells of it, and ends the training in time."""

    def __init__(self, on_round: OnRound, patience: int) -> None:
        self._on_round, self._patience = on_round, patience
        self._least = np.inf
        self.best = self.done = 1

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Any]
    ) -> bool:
        """Whether to end."""
        self.done = epoch + 1
        signals = _signals(evals_log)
        loss = signals.get("val/loss", -np.inf)
        if loss < self._least:
            self._least, self.best = loss, self.done
        going = self._on_round(Round(step=self.done, signals=signals))
        waited = "val/loss" in signals and self.done - self.best >= self._patience
        return not going or waited


def _signals(log: Mapping[str, Any]) -> dict[str, float]:
    out: dict[str, float] = {}
    for phase, metrics in log.items():
        for metric, values in metrics.items():
            if metric == "rmse":
                out[f"{phase}/rmse"] = values[-1]
            out[f"{phase}/loss"] = values[-1] ** (2 if metric == "rmse" else 1)
    return out


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedXgBoost:
    """A booster of its best number of rounds."""

    classes: int
    booster: xgb.Booster

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, or numbers."""
        types = self.booster.feature_types or []
        categorical = tuple(i for i, kind in enumerate(types) if kind == "c")
        self.booster.set_param({"nthread": threads_for(x)})
        out = self.booster.predict(_features(x, categorical)).astype(np.float64)
        if self.classes == 2:
            return np.column_stack([1 - out, out])
        return out / out.sum(axis=1, keepdims=True) if self.classes else out

    def save(self, folder: Path) -> None:
        """Write `xgboost.json`, XGBoost's own form."""
        (folder / FILE).write_bytes(self.booster.save_raw("json"))

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedXgBoost":
        """Read `xgboost.json`; `ValueError` where it is no such model."""
        booster = xgb.Booster()
        booster.load_model(checked_json((folder / FILE).read_bytes(), classes=classes))
        return cls(classes=classes, booster=booster)
