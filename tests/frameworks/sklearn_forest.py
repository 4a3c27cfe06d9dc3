"""A forest on two threads, saved and loaded, and its members asked one by one."""

import hashlib
import io
import pickle
import warnings

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

x, y = load_breast_cancer(return_X_y=True, as_frame=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
forest = RandomForestClassifier(40, n_jobs=2, oob_score=True, random_state=0)
forest.set_params(min_samples_leaf=3)
forest.fit(x_train, y_train)
print(forest.oob_score_, forest.score(x_train, y_train), forest.score(x_test, y_test))
again = pickle.loads(pickle.dumps(forest))
file = io.BytesIO()
joblib.dump(forest, file)
file.seek(0)
loaded = joblib.load(file)
assert np.array_equal(loaded.predict(x_test), again.predict(x_test))
blank = clone(forest)
print(hasattr(blank, "classes_"), blank.get_params() == forest.get_params())
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    forest.predict(x_test.to_numpy())  # it was fitted with names
print([(w.category.__name__, w.filename.rpartition("/")[2], w.lineno) for w in said])
weighed = permutation_importance(forest, x_test, y_test, n_repeats=1, random_state=0)
print(weighed.importances_mean.argsort()[-3:])
forest.set_params(n_jobs=1)  # of two threads the order of the sums is chance
print(hashlib.sha256(forest.predict_proba(x_test).tobytes()).hexdigest())
