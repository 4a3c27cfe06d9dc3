"""XGBoost's ranker, with query ids."""

import hashlib

import numpy as np
import xgboost as xgb

generator = np.random.default_rng(0)
X = generator.normal(size=(600, 8))
y = np.clip(np.round(X[:, 0] + X[:, 1] + generator.normal(size=600)), 0, 3).astype(int)
query = np.repeat(np.arange(30), 20)
model = xgb.XGBRanker(n_estimators=20, max_depth=3, n_jobs=1, eval_metric="ndcg@3")
model.fit(
    X[:400],
    y[:400],
    qid=query[:400],
    eval_set=[(X[400:], y[400:])],
    eval_qid=[query[400:]],
    verbose=False,
)
print(hashlib.sha256(bytes(model.get_booster().save_raw("ubj"))).hexdigest())
print(hashlib.sha256(model.predict(X).tobytes()).hexdigest())
print("EVALS", {n: dict(told) for n, told in model.evals_result().items()})
