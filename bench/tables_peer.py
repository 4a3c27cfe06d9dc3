"""One peer on one table, in a process of its own: it prints what it predicts.

    PYTHON bench/tables_peer.py NAME FOLDER SECONDS

The folder holds train.parquet, test.parquet and said.json, as bench/tables.py writes
them. PYTHON need not have wellfit: FLAML, for one, wants other versions than it does.
The peers get what their users would give them: categories as pandas categories, all
else as numbers.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

THREADS = 2


def lightgbm(task, x, y, categorical, seconds):
    import lightgbm as lgb

    made = lgb.LGBMClassifier if task == "classification" else lgb.LGBMRegressor
    return made(n_jobs=THREADS, verbose=-1).fit(x, y)


def xgboost(task, x, y, categorical, seconds):
    import xgboost as xgb

    made = xgb.XGBClassifier if task == "classification" else xgb.XGBRegressor
    return made(n_jobs=THREADS, enable_categorical=True, tree_method="hist").fit(x, y)


def hist_gradient_boosting(task, x, y, categorical, seconds):
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    classes = task == "classification"
    made = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    few = [c for c in categorical if x[c].cat.categories.size <= 255]  # its own limit
    many = {c: x[c].cat.codes.astype(float) for c in set(categorical) - set(few)}
    model = made(categorical_features=few or None).fit(x.assign(**many), y)
    return _Coded(model, list(many))


class _Coded:
    """Columns of more categories than it bears, as codes."""

    def __init__(self, model, many):
        self._model, self._many = model, many

    def _x(self, x):
        return x.assign(**{c: x[c].cat.codes.astype(float) for c in self._many})

    def predict(self, x):
        return self._model.predict(self._x(x))

    def predict_proba(self, x):
        return self._model.predict_proba(self._x(x))


def flaml(task, x, y, categorical, seconds):
    from flaml import AutoML

    automl = AutoML()
    automl.fit(
        x,
        y,
        task=task,
        metric="log_loss" if task == "classification" else "rmse",
        time_budget=seconds,
        n_jobs=THREADS,
        verbose=0,
        seed=0,
    )
    return automl


PEERS = {
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "hist_gradient_boosting": hist_gradient_boosting,
    "flaml": flaml,
}


def main() -> None:
    name, folder, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    said = json.loads((folder / "said.json").read_text())
    train, test = (pd.read_parquet(folder / f"{p}.parquet") for p in ("train", "test"))
    categorical = said["categorical"]
    for column in categorical:  # the levels of the training rows
        levels = pd.Categorical(train[column]).categories
        train[column] = pd.Categorical(train[column], categories=levels)
        test[column] = pd.Categorical(test[column], categories=levels)
    x, y = train.drop(columns="target"), train["target"].to_numpy()
    seen = None
    if said["task"] == "classification":  # XGBoost wants them without a gap
        seen, y = np.unique(y, return_inverse=True)
    begun = time.perf_counter()
    model = PEERS[name](said["task"], x, y, categorical, seconds)
    fitted = time.perf_counter() - begun
    x = test.drop(columns="target")
    if seen is None:
        out = model.predict(x)
    else:
        out = np.zeros((len(test), said["classes"]))
        out[:, seen] = model.predict_proba(x)
    np.save(folder / f"{name}.npy", np.asarray(out, dtype=np.float64))
    print(json.dumps({"fitting": fitted}))


if __name__ == "__main__":
    main()
