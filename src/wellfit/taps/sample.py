"""A sample of the rows that were trained on, and what can be learnt from it.

It is kept in memory only, and drawn with a generator of its own.
"""

import random
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS = 2_000
COLUMNS = 1_024  # of a row; wider inputs are described, but not learnt from
PER_LOOK = 64
LEAST = 60  # rows under which a reference would say nothing
VALUES = 1 << 17  # learnt from: rows times columns
FOLDS = 3
NAMED = 256  # columns described one by one, and learnt from: of more, a selection
SCORED = 10  # columns whose own score is found out

Floats = NDArray[np.float64]


class Sample:
    """A reservoir of at most 2,000 rows, every row seen equally likely to be in it."""

    def __init__(self) -> None:
        self._random = random.Random(0)
        self._rows: list[NDArray[np.float32]] = []
        self._targets: list[float] = []
        self._seen = 0

    def add(self, rows: NDArray[Any], targets: NDArray[Any] | None) -> None:
        """Take in some rows of a batch, spread over it, with their targets."""
        if rows.ndim < 2 or not len(rows) or rows[0].size > COLUMNS:
            return
        stride = max(1, -(-len(rows) // PER_LOOK)) if self._seen >= ROWS else 1
        some = rows[::stride][:ROWS]
        flat = some.reshape(len(some), -1).astype(np.float32)
        told = np.full(len(flat), np.nan)
        if targets is not None and targets.size == len(rows):
            told = targets.reshape(-1)[::stride][:ROWS].astype(np.float64)
        for row, target in zip(flat, told.tolist(), strict=True):
            self._take(row.copy(), target)

    def _take(self, row: NDArray[np.float32], target: float) -> None:
        self._seen += 1
        if self._rows and row.shape != self._rows[0].shape:
            return
        if len(self._rows) < ROWS:
            self._rows.append(row)
            self._targets.append(target)
        elif (place := self._random.randrange(self._seen)) < ROWS:
            self._rows[place], self._targets[place] = row, target

    def _distinct(self) -> tuple[Floats, Floats]:
        """The rows that differ: one of several epochs would otherwise test itself."""
        rows = np.stack(self._rows)
        keyed = {row.tobytes(): place for place, row in enumerate(rows)}
        places = sorted(keyed.values())
        return rows[places].astype(np.float64), np.array(self._targets)[places]

    def facts(self, task: str) -> dict[str, dict[str, Any]]:
        """The facts `data`, `reference` and, for `inputs`, the columns' ranges."""
        if len(self._rows) < 2:
            return {}
        rows, targets = self._distinct()
        facts = {"inputs": _ranges(rows)}
        known = np.isfinite(targets)
        if task in ("classification", "binary", "regression") and known.any():
            learner = _Learner(rows[known], targets[known], task)
            facts["data"] = learner.profile()
            facts |= {"reference": said} if (said := learner.reference()) else {}
        return facts


def _ranges(rows: Floats) -> dict[str, Any]:
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

    def __init__(self, rows: Floats, targets: Floats, task: str) -> None:
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
            target |= {"kind": "category", "counts": {str(int(v)): n for v, n in pairs}}
        else:
            target |= {"kind": "number", **_moments(self._targets)}
        return {
            "rows": len(self._rows),
            "sampled": len(self._rows),
            "task": self._task,
            "columns": [self._column(place, place in telling) for place in named],
            "target": target,
        }

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
            "name": f"input {place}",
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
