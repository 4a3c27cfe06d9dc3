"""XGBoost's cross-validation, with early stopping."""

import hashlib

import xgboost as xgb
from sklearn.datasets import load_breast_cancer

X, y = load_breast_cancer(return_X_y=True)
told = xgb.cv(
    {"objective": "binary:logistic", "max_depth": 2, "nthread": 1},
    xgb.DMatrix(X, y),
    60,
    nfold=3,
    metrics=["logloss"],
    seed=1,
    early_stopping_rounds=3,
    verbose_eval=20,
)
print(hashlib.sha256(told.to_csv().encode()).hexdigest())
print(
    "EVALS",
    {
        "train": {"logloss": told["train-logloss-mean"].tolist()},
        "test": {"logloss": told["test-logloss-mean"].tolist()},
    },
)
