"""XGBoost trained further from a model, with DART and several classes."""

import hashlib

import xgboost as xgb
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

X, y = load_wine(return_X_y=True)
X, X_val, y, y_val = train_test_split(X, y, random_state=0, stratify=y)
train, val = xgb.DMatrix(X, y), xgb.DMatrix(X_val, y_val)
params = {
    "objective": "multi:softmax",
    "num_class": 3,
    "booster": "dart",
    "rate_drop": 0.3,
    "max_depth": 2,
    "nthread": 1,
    "seed": 7,
}
first = xgb.train(params, train, 6)
said: dict = {}
booster = xgb.train(
    params,
    train,
    12,
    evals=[(val, "val"), (train, "train")],
    evals_result=said,
    xgb_model=first,
    verbose_eval=4,
)
for one in (first, booster):
    print(hashlib.sha256(bytes(one.save_raw("ubj"))).hexdigest())
    print(hashlib.sha256(one.predict(val).tobytes()).hexdigest())
print("FITS 2")
print("EVALS", said)
