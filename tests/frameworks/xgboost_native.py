"""XGBoost by `train`: both sets evaluated, early stopping, a falling rate."""

import hashlib

import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True)
X, X_val, y, y_val = train_test_split(X, y, random_state=0)
train, val = xgb.DMatrix(X, y), xgb.DMatrix(X_val, y_val)
params = {
    "objective": "binary:logistic",
    "eval_metric": ["auc", "error", "logloss"],
    "max_depth": 3,
    "nthread": 1,
    "subsample": 0.8,
    "seed": 3,
}
said: dict = {}
booster = xgb.train(
    params,
    train,
    60,
    evals=[(train, "held"), (val, "seen")],  # names that say the opposite
    evals_result=said,
    early_stopping_rounds=8,
    verbose_eval=5,
    callbacks=[xgb.callback.LearningRateScheduler(lambda n: 0.3 * 0.97**n)],
)
print(hashlib.sha256(bytes(booster.save_raw("ubj"))).hexdigest())
print(hashlib.sha256(booster.predict(val).tobytes()).hexdigest())
print("EVALS", said)
