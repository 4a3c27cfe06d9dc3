"""Boosting of both kinds, on rows with gaps."""

import hashlib

import numpy as np
from sklearn.datasets import make_regression
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

x, y = make_regression(600, 8, noise=20.0, random_state=0)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
model = GradientBoostingRegressor(n_estimators=60, random_state=0)
model.fit(x_train, y_train)
predicted = model.predict(x_test)
print(r2_score(y_test, predicted), mean_squared_error(y_test, predicted) ** 0.5)
for stage, early in enumerate(model.staged_predict(x_test)):
    if stage % 20 == 0:
        print(stage, round(r2_score(y_test, early), 6))
gaps = x_train.copy()
gaps[::9, 3] = np.nan
hist = HistGradientBoostingRegressor(
    early_stopping=True, max_iter=60, random_state=0, min_samples_leaf=10
)
hist.fit(gaps, y_train)
print(hist.n_iter_, hist.score(x_test, y_test))
for each in (model, hist):
    print(hashlib.sha256(each.predict(x_test).tobytes()).hexdigest())
