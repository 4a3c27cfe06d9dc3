"""LightGBM by its scikit-learn interface: class weights, names, early stopping."""

import hashlib

import lightgbm as lgb
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

X, y = make_classification(
    600, 12, n_informative=6, n_classes=3, weights=[0.6, 0.3, 0.1], random_state=1
)
X = pd.DataFrame(X, columns=[f"column {n}" for n in range(X.shape[1])])
X, X_val, y, y_val = train_test_split(X, y, random_state=0, stratify=y)
model = lgb.LGBMClassifier(
    n_estimators=40,
    num_leaves=7,
    class_weight="balanced",
    random_state=5,
    n_jobs=1,
    deterministic=True,
    verbosity=-1,
)
model.fit(
    X,
    y,
    eval_X=(X, X_val),
    eval_y=(y, y_val),
    eval_metric=["multi_logloss", "multi_error"],
    callbacks=[lgb.early_stopping(5), lgb.log_evaluation(10)],
)
print(hashlib.sha256(model.booster_.model_to_string().encode()).hexdigest())
print(hashlib.sha256(model.predict_proba(X_val).tobytes()).hexdigest())
print("EVALS", {name: dict(told) for name, told in model.evals_result_.items()})
