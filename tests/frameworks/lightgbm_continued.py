"""LightGBM trained further from a model, with DART and categories."""

import hashlib

import lightgbm as lgb
import numpy as np
import pandas as pd

generator = np.random.default_rng(0)
city = generator.integers(0, 6, 500)
size = generator.normal(size=500)
price = size * (city % 3) + city + 0.3 * generator.normal(size=500)
table = pd.DataFrame({"city": pd.Categorical.from_codes(city, list("abcdef"))})
table["size"] = np.where(generator.random(500) < 0.05, np.nan, size)
params = {
    "objective": "regression",
    "metric": "rmse",
    "boosting": "dart",
    "drop_seed": 4,
    "num_leaves": 7,
    "num_threads": 1,
    "deterministic": True,
    "verbosity": -1,
}
first = lgb.train(params, lgb.Dataset(table[:400], price[:400]), 10)
train = lgb.Dataset(table[:400], price[:400], free_raw_data=False)
val = lgb.Dataset(table[400:], price[400:], reference=train, free_raw_data=False)
said: dict = {}
booster = lgb.train(
    params,
    train,
    15,
    valid_sets=[train, val],
    init_model=first,
    keep_training_booster=True,
    callbacks=[lgb.record_evaluation(said)],
)
for one in (first, booster):
    print(hashlib.sha256(one.model_to_string().encode()).hexdigest())
    print(hashlib.sha256(one.predict(table).tobytes()).hexdigest())
print("FITS 2")
print("EVALS", said)
