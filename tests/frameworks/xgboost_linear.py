"""XGBoost without trees, and nothing evaluated."""

import hashlib

import xgboost as xgb
from scipy import sparse
from sklearn.datasets import load_diabetes

X, y = load_diabetes(return_X_y=True)
train = xgb.DMatrix(sparse.csr_matrix(X), y)
params = {"booster": "gblinear", "updater": "coord_descent", "nthread": 1}
booster = xgb.train(params, train, 30)
print(hashlib.sha256(bytes(booster.save_raw("ubj"))).hexdigest())
print(hashlib.sha256(booster.predict(train).tobytes()).hexdigest())
print("EVALS", {})
