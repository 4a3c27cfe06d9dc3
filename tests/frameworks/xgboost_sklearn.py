"""XGBoost by its scikit-learn interface: weights, categories, early stopping."""

import hashlib

import numpy as np
import pandas as pd
import xgboost as xgb

generator = np.random.default_rng(0)
city = generator.integers(0, 5, 600)
table = pd.DataFrame({"city": pd.Categorical.from_codes(city, list("abcde"))})
for n in range(4):
    table[f"x{n}"] = generator.normal(size=600)
y = (table["x0"] + (city == 2) + 0.5 * generator.normal(size=600) > 1.2).astype(int)
weights = np.where(y == 1, 3.0, 1.0)
model = xgb.XGBClassifier(
    n_estimators=40,
    max_depth=3,
    n_jobs=1,
    random_state=2,
    colsample_bytree=0.8,
    enable_categorical=True,
    eval_metric=["error", "logloss"],
    early_stopping_rounds=5,
)
X, X_val, y, y_val = table[:450], table[450:], y[:450], y[450:]
model.fit(
    X,
    y,
    sample_weight=weights[:450],
    eval_set=[(X, y), (X_val, y_val)],
    verbose=10,
)
print(hashlib.sha256(bytes(model.get_booster().save_raw("ubj"))).hexdigest())
print(hashlib.sha256(model.predict_proba(table).tobytes()).hexdigest())
print(model.best_iteration, model.feature_importances_.round(6).tolist())
print("EVALS", {n: dict(told) for n, told in model.evals_result().items()})
