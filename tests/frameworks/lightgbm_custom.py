"""LightGBM with an objective and a metric of one's own, in a loop by hand."""

import hashlib

import lightgbm as lgb
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split


def squared(predictions, data):
    away = predictions - data.get_label()
    return away, np.ones_like(away)


def median_error(predictions, data):
    return (
        "median_error",
        float(np.median(np.abs(predictions - data.get_label()))),
        False,
    )


X, y = load_diabetes(return_X_y=True)
X, X_val, y, y_val = train_test_split(X, y / 100, random_state=0)
train = lgb.Dataset(X, y)
val = lgb.Dataset(X_val, y_val, reference=train)
booster = lgb.Booster(
    {"num_leaves": 7, "num_threads": 1, "deterministic": True, "verbosity": -1}, train
)
booster.add_valid(val, "val")
said: dict = {"training": {"median_error": []}, "val": {"median_error": []}}
for _ in range(30):
    booster.update(fobj=squared)
    for told in (booster.eval_train(median_error), booster.eval_valid(median_error)):
        for name, metric, value, _ in told:
            said[name].setdefault(metric, []).append(value)
print(hashlib.sha256(booster.model_to_string().encode()).hexdigest())
print(hashlib.sha256(booster.predict(X_val).tobytes()).hexdigest())
print(
    "EVALS", {name: {k: v for k, v in one.items() if v} for name, one in said.items()}
)
