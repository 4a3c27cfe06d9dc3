"""LightGBM's ranker, with groups."""

import hashlib

import lightgbm as lgb
import numpy as np

generator = np.random.default_rng(0)
X = generator.normal(size=(600, 8))
y = np.clip(np.round(X[:, 0] + X[:, 1] + generator.normal(size=600)), 0, 3).astype(int)
model = lgb.LGBMRanker(
    n_estimators=20, num_leaves=7, n_jobs=1, deterministic=True, verbosity=-1
)
model.fit(
    X[:400],
    y[:400],
    group=[20] * 20,
    eval_X=(X[400:],),
    eval_y=(y[400:],),
    eval_group=[[20] * 10],
    eval_at=[3, 5],
)
print(hashlib.sha256(model.booster_.model_to_string().encode()).hexdigest())
print(hashlib.sha256(model.predict(X).tobytes()).hexdigest())
print("EVALS", {name: dict(told) for name, told in model.evals_result_.items()})
