"""Boosted trees and forests, as their users call them.

`epochs` are rounds, `rate` the learning rate, `dropout` the share of rows that a round
leaves out, `lean` the L2 penalty.
"""

from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
)

from bench.faults.data import Data
from bench.faults.kit import Outcome
from bench.faults.setting import Setting


def _deepest(s: Setting) -> int:
    return 12 if s.leaves > 200 else s.depth


def xgboost_trees(s: Setting, data: Data, task: str) -> Outcome:
    train = xgboost.DMatrix(data.x, data.y)
    val = xgboost.DMatrix(data.x_val, data.y_val)
    classes = int(data.y.max()) + 1
    objectives: dict[str, dict[str, Any]] = {
        "regression": {"objective": "reg:squarederror"},
        "binary": {"objective": "binary:logistic"},
        "classes": {"objective": "multi:softprob", "num_class": classes},
    }
    params = {
        **objectives[task],
        "eta": s.rate,
        "max_depth": _deepest(s),
        "lambda": s.lean,
        "subsample": 1 - s.dropout,
        "nthread": 1,
        "seed": s.seed,
    }
    found: dict[str, Any] = {}
    booster = xgboost.train(
        params,
        train,
        s.epochs,
        evals=[(train, "train"), (val, "val")],
        evals_result=found,
        early_stopping_rounds=s.patience or None,
        verbose_eval=False,
    )
    losses = next(iter(found["val"].values()))

    def predict(x: Any) -> Any:
        return _columns(booster.predict(xgboost.DMatrix(x)), task)

    return Outcome(
        predict=predict, val_losses=list(losses), val_outputs=predict(data.x_val)
    )


def lightgbm_trees(s: Setting, data: Data, task: str) -> Outcome:
    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    model = kind(
        n_estimators=s.epochs,
        learning_rate=s.rate,
        num_leaves=s.leaves,
        max_depth=-1 if s.leaves > 200 else s.depth + 3,
        min_child_samples=1 if s.leaves > 200 else 10,
        reg_lambda=s.lean,
        subsample=1 - s.dropout,
        subsample_freq=1 if s.dropout else 0,
        n_jobs=1,
        random_state=s.seed,
        verbose=-1,
    )
    stop: list[Any] = (
        [lightgbm.early_stopping(s.patience, verbose=False)] if s.patience else []
    )
    model.fit(
        data.x,
        data.y,
        eval_set=[(data.x, data.y), (data.x_val, data.y_val)],
        callbacks=stop,
    )
    losses = next(iter(model.evals_result_["valid_1"].values()))
    return _outcome(model, data, task, losses)


def gradient_boosting(s: Setting, data: Data, task: str) -> Outcome:
    kind = (
        GradientBoostingRegressor
        if task == "regression"
        else GradientBoostingClassifier
    )
    model = kind(
        n_estimators=s.epochs,
        learning_rate=s.rate,
        max_depth=_deepest(s),
        subsample=1 - s.dropout,
        random_state=s.seed,
    ).fit(data.x, data.y)
    print(model.score(data.x, data.y), model.score(data.x_val, data.y_val))
    return _outcome(model, data, task, [])


def forest(s: Setting, data: Data, task: str) -> Outcome:
    model = RandomForestClassifier(
        s.epochs,
        max_leaf_nodes=s.leaves if s.leaves < 15 else None,
        min_samples_leaf=1,
        random_state=s.seed,
        n_jobs=1,
    ).fit(data.x, data.y)
    print(model.score(data.x, data.y), model.score(data.x_val, data.y_val))
    return _outcome(model, data, task, [])


def _outcome(model: Any, data: Data, task: str, losses: list[float]) -> Outcome:
    def predict(x: Any) -> Any:
        if task == "regression":
            return _columns(model.predict(x), task)
        return model.predict_proba(x)

    return Outcome(
        predict=predict, val_losses=list(losses), val_outputs=predict(data.x_val)
    )


def _columns(said: Any, task: str) -> Any:
    """Probabilities a column a class; numbers in one column."""
    if task == "binary":
        return np.stack([1 - said, said], 1)
    return said[:, None] if said.ndim == 1 else said
