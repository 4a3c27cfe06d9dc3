"""What can be learnt from a sample of the rows that were trained on.

Simple models, each scored out of fold: what they reach is what can be reached.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.tap import hushed

LEAST = 60  # rows under which a reference would say nothing
VALUES = 1 << 17  # learnt from: rows times columns
FOLDS = 3
NAMED = 256  # columns described one by one, and learnt from: of more, a selection
SCORED = 10  # columns whose own score is found out

Floats = NDArray[np.float64]


def facts_of(
    rows: Floats,
    targets: Floats,
    task: str,
    *,
    names: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> dict[str, dict[str, Any]]:
    """The facts `data`, `reference` and, for `inputs`, the columns' ranges.

    `rows` is two-dimensional, `targets` a number or a class's number for each row, NaN
    where it is not known. `names` are the columns', `labels` the classes' by number.
    """
    facts = {"inputs": ranges(rows)}
    known = np.isfinite(targets)
    if task in ("classification", "binary", "regression") and known.any():
        learner = _Learner(rows[known], targets[known], task, names, labels)
        with hushed():
            facts["data"] = learner.profile()
            facts |= {"reference": said} if (said := learner.reference()) else {}
    return facts


def ranges(rows: Floats) -> dict[str, Any]:
    """Of the fact `inputs`: how far the columns' means and deviations go."""
    finite = np.where(np.isfinite(rows), rows, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column of NaN only
        mean, std = np.nanmean(finite, axis=0), np.nanstd(finite, axis=0)
    varied = std > 1e-12 * np.abs(mean)
    found: dict[str, Any] = {"features": rows.shape[1], "rows": len(rows)}
    if varied.any():
        found |= {
            "feature_mean_min": float(mean[varied].min()),
            "feature_mean_max": float(mean[varied].max()),
            "feature_std_min": float(std[varied].min()),
            "feature_std_max": float(std[varied].max()),
        }
    return found


class _Learner:
    """Simple models on the sample: what can be learnt, and from which column."""

    def __init__(
        self,
        rows: Floats,
        targets: Floats,
        task: str,
        names: Sequence[str],
        labels: Sequence[str],
    ) -> None:
        self._names, self._labels = names, labels
        self._wide = rows.shape[1] > NAMED
        stride = -(-rows.shape[1] // NAMED)
        rows = rows[:, ::stride]
        stride = -(-rows.size // VALUES)
        rows, targets = rows[::stride], targets[::stride]
        self._raw = rows
        self._rows = np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0)
        self._classes = task != "regression"
        self._targets = targets.round() if self._classes else targets
        self._task = "regression" if not self._classes else "classification"

    def profile(self) -> dict[str, Any]:
        """The fact `data`: the columns of the sample, and its target."""
        telling = set() if self._wide else self._telling()
        named = range(0 if self._wide else self._raw.shape[1])
        target: dict[str, Any] = {"name": "target", "missing": 0.0}
        if self._classes:
            values, counts = np.unique(self._targets, return_counts=True)
            pairs = zip(values.tolist(), counts.tolist(), strict=True)
            counted = {self._label(int(v)): n for v, n in pairs}
            target |= {"kind": "category", "counts": counted}
        else:
            target |= {"kind": "number", **_moments(self._targets)}
        return {
            "rows": len(self._rows),
            "sampled": len(self._rows),
            "task": self._task,
            "columns": [self._column(place, place in telling) for place in named],
            "target": target,
        }

    def _label(self, number: int) -> str:
        return self._labels[number] if self._labels else str(number)

    def _telling(self) -> set[int]:
        """The columns that seem to tell most of the target: those that are scored."""
        from sklearn.feature_selection import f_classif, f_regression

        if len(self._rows) < LEAST or self._folds() is None:
            return set()
        test = f_classif if self._classes else f_regression
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of constant columns
            strength = np.nan_to_num(test(self._rows, self._targets)[0])
        return set(np.argsort(strength)[-SCORED:].tolist())

    def _column(self, place: int, scored: bool) -> dict[str, Any]:
        raw = self._raw[:, place]
        finite = raw[np.isfinite(raw)]
        distinct = len(np.unique(finite))
        column: dict[str, Any] = {
            "name": self._names[place] if self._names else f"input {place}",
            "kind": "constant" if distinct < 2 else "number",
            "missing": float(np.isnan(raw).mean()),
            "infinite": float(np.isinf(raw).mean()),
            "distinct": distinct,
        }
        if len(finite):
            column |= _moments(finite)
        if scored and distinct > 1:
            column["score"] = self._alone(place)
            column["score_metric"] = "auc" if self._classes else "r2"
        return column

    def _alone(self, place: int) -> float:
        """The score, out of fold, of a shallow tree on one column."""
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeClassifier if self._classes else DecisionTreeRegressor
        model = kind(max_depth=4, random_state=0)
        metric = "roc_auc_ovr" if self._classes else "r2"
        return self._score(model, self._rows[:, [place]], metric)

    def reference(self) -> dict[str, Any] | None:
        """The fact `reference`: the better of a forest and a linear model."""
        if len(self._rows) < LEAST or self._folds() is None:
            return None
        metric = "accuracy" if self._classes else "r2"
        scores = {
            name: self._score(model, self._rows, metric)
            for name, model in self._models()
        }
        best = max(scores, key=lambda name: scores[name])
        return {
            "metric": metric,
            "value": scores[best],
            "trivial": self._trivial(),
            "model": best,
            "rows": len(self._rows),
        }

    def _models(self) -> list[tuple[str, Any]]:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
        from sklearn.linear_model import RidgeClassifier, RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        forest = {"n_estimators": 50, "min_samples_leaf": 2, "random_state": 0}
        trees = ExtraTreesClassifier if self._classes else ExtraTreesRegressor
        linear = (
            RidgeClassifier(alpha=10.0)
            if self._classes
            else RidgeCV(alphas=(0.1, 1.0, 10.0, 100.0, 1000.0))
        )
        return [
            ("forest", trees(**forest)),
            ("linear", make_pipeline(StandardScaler(), linear)),
        ]

    def _trivial(self) -> float:
        if not self._classes:
            return 0.0
        return float(np.unique(self._targets, return_counts=True)[1].max()) / len(
            self._targets
        )

    def _folds(self) -> Any:
        from sklearn.model_selection import KFold, StratifiedKFold

        if not self._classes:
            varied = float(np.var(self._targets)) > 0
            return KFold(FOLDS, shuffle=True, random_state=0) if varied else None
        counts = np.unique(self._targets, return_counts=True)[1]
        if len(counts) < 2 or len(counts) > 200 or counts.max() < FOLDS:
            return None
        kind = StratifiedKFold if counts.min() >= FOLDS else KFold
        return kind(FOLDS, shuffle=True, random_state=0)

    def _score(self, model: Any, rows: Floats, metric: str) -> float:
        from sklearn.model_selection import cross_val_score

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence: a rough answer will do
            scores = cross_val_score(
                model, rows, self._targets, cv=self._folds(), scoring=metric
            )
        return float(np.mean(scores))


def _moments(values: Floats) -> dict[str, float]:
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }
