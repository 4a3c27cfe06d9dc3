"""An estimator of one's own: cloned, pickled, searched in processes, warning."""

import hashlib
import inspect
import pickle
import sys
import traceback
import warnings

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted, validate_data


class Nearest(ClassifierMixin, BaseEstimator):
    """The class whose mean is nearest."""

    def __init__(self, power=2.0):
        self.power = power

    def fit(self, X, y, sample_weight=None):
        X, y = validate_data(self, X, y)
        if self.power < 1:
            warnings.warn("power is less than 1", UserWarning, stacklevel=2)
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == c].mean(axis=0) for c in self.classes_])
        return self

    def predict(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        print("predicting", len(X))  # once for each time it is asked, no more
        far = np.abs(X[:, None] - self.means_) ** self.power
        return self.classes_[far.sum(axis=2).argmin(axis=1)]


class Doubled(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.seen_ = len(X)
        return self

    def transform(self, X):
        return 2 * np.asarray(X)


class Gentle(Ridge):
    """A Ridge that is fitted as it is, and says so."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight=sample_weight)
        self.gentle_ = True
        return self


rng = np.random.default_rng(0)
x = np.concatenate([rng.normal(0, 1, (60, 3)), rng.normal(1.5, 1, (60, 3))])
y = np.repeat(["a", "b"], 60)
model = Nearest().fit(x[::2], y[::2])
print(model.score(x[1::2], y[1::2]))
print(inspect.signature(Nearest.fit), inspect.signature(model.fit))
print(inspect.isfunction(Nearest.fit), inspect.ismethod(model.predict))
print(inspect.getsource(Nearest.fit).splitlines()[1].strip())
print(Nearest.fit.__qualname__, model.predict.__name__)
print(pickle.loads(pickle.dumps(model)).predict(x[:3]), clone(model))
Nearest(0.5).fit(x, y)  # the warning is of this line
try:
    Nearest().fit(x, y[:3])
except ValueError as error:
    last = traceback.extract_tb(error.__traceback__)[-1]
    print(error, last.name)
search = GridSearchCV(
    make_pipeline(Doubled(), Nearest()), {"nearest__power": [1.0, 2.0]}, cv=2, n_jobs=2
)
search.fit(x, y)
print(search.best_params_, search.cv_results_["mean_test_score"].round(6))
fits = Parallel(n_jobs=2)(delayed(Gentle(a).fit)(x, x[:, 0]) for a in (0.1, 1.0))
print([fit.gentle_ for fit in fits])
print("wellfit" in " ".join(sys.argv))
print(hashlib.sha256(b"".join(fit.coef_.tobytes() for fit in fits)).hexdigest())
