"""LightGBM by `train`: both sets evaluated, early stopping."""

import hashlib

import lightgbm as lgb
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True)
X, X_val, y, y_val = train_test_split(X, y, random_state=0)
train = lgb.Dataset(X, y)
val = lgb.Dataset(X_val, y_val, reference=train)
params = {
    "objective": "binary",
    "metric": ["auc", "binary_logloss", "binary_error"],
    "num_leaves": 15,
    "num_threads": 1,
    "deterministic": True,
    "verbosity": 1,
    "force_col_wise": True,  # else it measures, and prints what it took
    "seed": 3,
}
said: dict = {}
booster = lgb.train(
    params,
    train,
    60,
    valid_sets=[val, train],
    valid_names=["held", "seen"],
    callbacks=[
        lgb.early_stopping(10),
        lgb.log_evaluation(5),
        lgb.record_evaluation(said),
        lgb.reset_parameter(learning_rate=lambda n: 0.2 * 0.97**n),
    ],
)
print(hashlib.sha256(booster.model_to_string().encode()).hexdigest())
print(hashlib.sha256(booster.predict(X_val).tobytes()).hexdigest())
print("EVALS", said)
