"""Cross-validations and searches: their scores, with fold and candidate."""

from typing import Any

import numpy as np

from wellfit.taps.fits import Fit
from wellfit.taps.sklearn.describe import plain
from wellfit.taps.sklearn.scores import METRICS, signal
from wellfit.taps.sklearn.trained import Trained

CANDIDATES = 200  # of a search that are listed

# What scorers are called, in the words of signals, and whether they count what is lost.
SCORERS = {
    "accuracy": ("accuracy", 1.0),
    "balanced_accuracy": ("balanced_accuracy", 1.0),
    "r2": ("r2", 1.0),
    "roc_auc": ("auc", 1.0),
    "neg_log_loss": ("log_loss", -1.0),
    "neg_root_mean_squared_error": ("rmse", -1.0),
    "neg_mean_absolute_error": ("mae", -1.0),
}


def named(scoring: Any, *, classifies: bool) -> tuple[str, float]:
    """The signal of a scorer's numbers, and their sign; without one, the default's."""
    if isinstance(scoring, str):
        return SCORERS.get(scoring, (scoring.removeprefix("neg_"), 1.0))
    function = getattr(scoring, "_score_func", None)
    if function is not None:
        name = function.__name__
        return METRICS.get(name) or name, float(scoring._sign)
    if scoring is None or type(scoring).__name__ == "_PassthroughScorer":
        return ("accuracy" if classifies else "r2"), 1.0
    return "score", 1.0  # a function of the script's own


def say_folds(of: Trained, results: Any, scoring: Any) -> None:
    """Record the scores of the folds of a cross-validation, and their means."""
    fit = of.fit
    for kind, phase in (("test_scores", "val"), ("train_scores", "train")):
        by_name = _by_name([one[kind] for one in results if kind in one])
        for name, numbers in by_name.items():
            asked = scoring.get(name) if isinstance(scoring, dict) else name or scoring
            metric, sign = named(asked, classifies=of.classifies)
            for fold, number in enumerate(numbers):
                full = f"{phase}/{metric}@fold{fold}"
                fit.records.value(full, 1, sign * number)
            fit.score(signal(phase, metric), sign * float(np.mean(numbers)), 1)
            said = {"mean": float(np.mean(numbers)), "std": float(np.std(numbers))}
            folds = [float(number) for number in numbers]
            fit.said.setdefault("folds", {})[f"{phase}/{metric}"] = said | {
                "scores": folds
            }


def _by_name(scores: list[Any]) -> dict[str, list[float]]:
    """Score by name → by fold; a single one has the name ``."""
    found: dict[str, list[float]] = {}
    for one in scores:
        items = one.items() if isinstance(one, dict) else [("", one)]
        for name, number in items:
            found.setdefault(name, []).append(float(number))
    return found


def say_search(of: Trained, search: Any) -> None:
    """Record what a search tried, and how well each candidate did on each fold."""
    fit, results = of.fit, getattr(search, "cv_results_", None)
    if not results:
        return
    multiple = bool(getattr(search, "multimetric_", False))
    ending = f"_{search.refit}" if multiple else "_score"
    means = results.get(f"mean_test{ending}")
    if means is None:
        return
    scoring = search.refit if multiple else getattr(search, "scoring", None)
    metric, sign = named(scoring, classifies=of.classifies)
    folds = [name for name in results if name.startswith("split")]
    folds = [name for name in folds if name.endswith(f"_test{ending}")]
    for fold, name in enumerate(folds):
        for candidate, number in enumerate(np.asarray(results[name], dtype=float)):
            fit.records.value(f"val/score@fold{fold}", candidate, float(number))
    candidates = _candidates(results, ending)
    best = int(getattr(search, "best_index_", int(np.nanargmax(means))))
    fit.records.fact(
        "search",
        {
            "metric": metric,
            "candidates": candidates,
            "count": len(means),
            "folds": len(folds),
            "best": best,
        },
    )
    fit.said |= {"candidates": len(means), "folds": len(folds)}
    _say_best(fit, f"val/{metric}", sign * float(means[best]))


def _say_best(fit: Fit, name: str, mean: float) -> None:
    if np.isfinite(mean):
        fit.score(name, mean)


def _candidates(results: Any, ending: str) -> list[dict[str, Any]]:
    trained = results.get(f"mean_train{ending}")
    found = []
    for place, tried in enumerate(results["params"][:CANDIDATES]):
        one = {
            "parameters": {name: plain(name, value) for name, value in tried.items()},
            "score": float(results[f"mean_test{ending}"][place]),
            "std": float(results[f"std_test{ending}"][place]),
            "seconds": float(results["mean_fit_time"][place]),
        }
        if trained is not None:
            one["train_score"] = float(trained[place])
        found.append(one)
    return found
