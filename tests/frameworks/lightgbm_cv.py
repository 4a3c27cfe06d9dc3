"""LightGBM's cross-validation, with early stopping."""

import hashlib

import lightgbm as lgb
from sklearn.datasets import load_breast_cancer

X, y = load_breast_cancer(return_X_y=True)
said = lgb.cv(
    {
        "objective": "binary",
        "metric": "binary_logloss",
        "num_leaves": 7,
        "num_threads": 1,
        "deterministic": True,
        "verbosity": -1,
    },
    lgb.Dataset(X, y),
    40,
    nfold=3,
    seed=1,
    eval_train_metric=True,
    callbacks=[lgb.early_stopping(3, verbose=True)],
    return_cvbooster=True,
)
boosters = said.pop("cvbooster").boosters
text = "".join(one.model_to_string() for one in boosters)
print(hashlib.sha256(text.encode()).hexdigest())
print(
    "EVALS",
    {
        "train": {"binary_logloss": said["train binary_logloss-mean"]},
        "valid": {"binary_logloss": said["valid binary_logloss-mean"]},
    },
)
