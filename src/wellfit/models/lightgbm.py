"""Gradient-boosted trees, by LightGBM."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import lightgbm as lgb  # noqa: TID253
import numpy as np
from lightgbm.callback import CallbackEnv, EarlyStopException  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.features import View
from wellfit.models.lightgbm_text import checked_text
from wellfit.models.model import Fit, OnRound, Round, Rows, Scores, never_ending
from wellfit.models.threads import SMALL, threads_for

FILE = "lightgbm.txt"
MOST_ROUNDS = 4000
LESS = 2.5  # rounds without a lower validation loss, times the learning rate: patience

# LightGBM's name of a metric → the signals it gives.
SIGNALS = {
    "binary_logloss": "loss",
    "multi_logloss": "loss",
    "l2": "loss",
    "auc": "auc",
    "binary_error": "accuracy",
    "multi_error": "accuracy",
    "l1": "mae",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LightGbm:
    """Gradient-boosted trees; validation rows choose the number of rounds.

    `features` and `rows` are the shares that each tree is grown on, `least` the fewest
    rows of a leaf (2 % of the rows, 3 to 20, without it), `l2` the penalty of a leaf's
    value; `extra` draws thresholds at random.
    """

    name: ClassVar[str] = "lightgbm"
    view: ClassVar[View] = "coded"

    classes: int
    seed: int = 0
    rounds: int = 200
    learning_rate: float = 0.05
    leaves: int = 31
    features: float = 0.8
    rows: float = 0.8
    least: int | None = None
    l2: float = 0.0
    extra: bool = False

    def fit(
        self, train: Rows, validation: Rows | None, on_round: OnRound = never_ending
    ) -> Fit:
        """Boost its own number of rounds, or until validation stops improving."""
        data = _dataset(train)
        sets, targets = [data], {"train": train.y}
        if validation is not None:
            sets.append(_dataset(validation, reference=data))
            targets["val"] = validation.y
        watcher = _Watcher(on_round, targets, int(LESS / self.learning_rate))
        booster = lgb.train(
            self._parameters(train.x),
            data,
            num_boost_round=self.rounds if validation is None else MOST_ROUNDS,
            valid_sets=sets,
            valid_names=list(targets),
            callbacks=[watcher],
        )
        rounds = watcher.best if validation is not None else booster.current_iteration()
        fitted = FittedLightGbm(classes=self.classes, rounds=rounds, booster=booster)
        settled = self if validation is None else replace(self, rounds=rounds)
        return Fit(fitted=fitted, settled=settled)

    def _parameters(self, x: NDArray[Any]) -> dict[str, Any]:
        return {
            **_objective(self.classes, large=x.size > SMALL),
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.least or int(np.clip(len(x) // 50, 3, 20)),
            "feature_fraction": self.features,
            "bagging_fraction": self.rows,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "extra_trees": self.extra,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads_for(x),
            "verbosity": -1,
        }


def _objective(classes: int, *, large: bool) -> dict[str, Any]:
    """What is learnt by, and what each round is judged by.

    Of many values by the loss alone: sorting them for the rest takes longer than trees.
    """
    said = _of_all(classes)
    return said | {"metric": said["metric"][:1]} if large else said


def _of_all(classes: int) -> dict[str, Any]:
    if classes == 0:
        return {"objective": "l2", "metric": ["l2", "l1"]}
    if classes == 2:
        return {
            "objective": "binary",
            "metric": ["binary_logloss", "auc", "binary_error"],
        }
    return {
        "objective": "multiclass",
        "num_class": classes,
        "metric": ["multi_logloss", "multi_error"],
    }


def _dataset(rows: Rows, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return lgb.Dataset(
        np.asarray(rows.x, dtype=np.float64),
        label=rows.y,
        reference=reference,
        categorical_feature=list(rows.categorical),
        free_raw_data=False,
    )


class _Watcher:
    """Called after each round: tells of it, and ends the training in time."""

    order = 30
    before_iteration = False

    def __init__(
        self, on_round: OnRound, targets: Mapping[str, NDArray[Any]], patience: int
    ) -> None:
        self._on_round, self._patience = on_round, patience
        self._variance = {n: float(np.var(y)) or 1.0 for n, y in targets.items()}
        self._least = np.inf
        self.best = 1

    def __call__(self, env: CallbackEnv) -> None:
        done = env.iteration + 1
        signals = self._signals(env)
        loss = signals.get("val/loss", -np.inf)
        if loss < self._least:
            self._least, self.best = loss, done
        going = self._on_round(Round(step=done, signals=signals))
        waited = "val/loss" in signals and done - self.best >= self._patience
        if not going or waited:
            raise EarlyStopException(self.best - 1, env.evaluation_result_list or [])

    def _signals(self, env: CallbackEnv) -> dict[str, float]:
        out: dict[str, float] = {}
        for phase, metric, value, *_ in env.evaluation_result_list or []:
            name = SIGNALS[metric]
            out[f"{phase}/{name}"] = 1 - value if name == "accuracy" else value
            if metric == "l2":
                out[f"{phase}/rmse"] = float(np.sqrt(value))
                out[f"{phase}/r2"] = 1 - value / self._variance[phase]
        return out


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedLightGbm:
    """A booster, used up to its best number of rounds."""

    classes: int
    rounds: int
    booster: lgb.Booster

    def predict(self, x: NDArray[Any]) -> Scores:
        """Probabilities, or numbers."""
        out = np.asarray(
            self.booster.predict(
                np.asarray(x, dtype=np.float64),
                num_iteration=self.rounds,
                num_threads=threads_for(x),
            )
        )
        return np.column_stack([1 - out, out]) if self.classes == 2 else out

    def save(self, folder: Path) -> None:
        """Write `lightgbm.txt`, LightGBM's own text form."""
        text = self.booster.model_to_string(num_iteration=self.rounds)
        (folder / FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "FittedLightGbm":
        """Read `lightgbm.txt`; `ValueError` where it is no such model."""
        text = (folder / FILE).read_text(encoding="utf-8")
        booster = lgb.Booster(model_str=checked_text(text, classes=classes))
        return cls(classes=classes, rounds=booster.current_iteration(), booster=booster)
