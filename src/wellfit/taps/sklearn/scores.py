"""Scores of predictions: those a script computes, and those that rules need."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.sklearn.rows import label

MOST = 100_000  # rows that are scored; of more, every so manieth
NAMED = 100  # classes whose recall is recorded one by one

# The functions of `sklearn.metrics` that compare predictions with the truth, and the
# signal of each; where it is none of the vocabulary's, the function's own name is kept.
METRICS: dict[str, str] = {
    "accuracy_score": "accuracy",
    "balanced_accuracy_score": "balanced_accuracy",
    "roc_auc_score": "auc",
    "average_precision_score": "average_precision_score",
    "log_loss": "log_loss",
    "brier_score_loss": "brier_score_loss",
    "f1_score": "f1_score",
    "fbeta_score": "fbeta_score",
    "precision_score": "precision_score",
    "recall_score": "recall_score",
    "jaccard_score": "jaccard_score",
    "matthews_corrcoef": "matthews_corrcoef",
    "cohen_kappa_score": "cohen_kappa_score",
    "hamming_loss": "hamming_loss",
    "zero_one_loss": "zero_one_loss",
    "hinge_loss": "hinge_loss",
    "top_k_accuracy_score": "top_k_accuracy_score",
    "r2_score": "r2",
    "mean_squared_error": "mean_squared_error",
    "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
    "median_absolute_error": "median_absolute_error",
    "mean_absolute_percentage_error": "mean_absolute_percentage_error",
    "mean_squared_log_error": "mean_squared_log_error",
    "mean_pinball_loss": "mean_pinball_loss",
    "mean_poisson_deviance": "mean_poisson_deviance",
    "explained_variance_score": "explained_variance_score",
    "max_error": "max_error",
    # Of these, no number: but predictions beside the truth.
    "classification_report": "",
    "confusion_matrix": "",
    "precision_recall_fscore_support": "",
}
ON_TRAINING = ("loss", "accuracy", "r2")  # said as `eval_…` there, as of all taps


def signal(phase: str, name: str) -> str:
    """The signal of a score of that phase."""
    if phase == "train" and name in ON_TRAINING:
        return f"train/eval_{name}"
    return f"{phase}/{name}"


def scores(truth: Any, predicted: Any, *, classes: bool) -> dict[str, float]:
    """What the rules need of predictions, by name."""
    true, guess = np.asarray(truth), np.asarray(predicted)
    if true.shape[:1] != guess.shape[:1] or not len(true):
        return {}
    stride = -(-len(true) // MOST)
    true, guess = true[::stride], guess[::stride]
    if classes:
        return of_classes(true, guess) if true.ndim == guess.ndim == 1 else {}
    if true.dtype.kind not in "biuf" or guess.dtype.kind not in "biuf":
        return {}
    return of_numbers(true.reshape(len(true), -1), guess.reshape(len(guess), -1))


def of_classes(true: NDArray[Any], guess: NDArray[Any]) -> dict[str, float]:
    """Accuracy, balanced accuracy, top share, and recall by class."""
    if true.dtype.kind != guess.dtype.kind and "U" in (
        true.dtype.kind,
        guess.dtype.kind,
    ):
        true, guess = true.astype(str), guess.astype(str)
    hits = true == guess
    seen, places, counts = np.unique(true, return_inverse=True, return_counts=True)
    recalls = np.bincount(places, weights=hits, minlength=len(seen)) / counts
    found = {
        "accuracy": float(hits.mean()),
        "balanced_accuracy": float(recalls.mean()),
        "top_share": float(np.unique(guess, return_counts=True)[1].max() / len(guess)),
    }
    if len(seen) <= NAMED:
        named = zip(seen.tolist(), recalls, strict=True)
        found |= {f"recall@{label(name)}": float(recall) for name, recall in named}
    return found


def of_numbers(true: NDArray[Any], guess: NDArray[Any]) -> dict[str, float]:
    """RMSE, MAE, R² and spread; several columns are averaged."""
    if true.shape != guess.shape or len(true) < 2:
        return {}
    true, guess = true.astype(np.float64), guess.astype(np.float64)
    error = guess - true
    found = {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
    }
    variance = true.var(axis=0)
    varied = variance > 1e-12 * np.mean(true**2, axis=0)
    if varied.any():
        squared = np.mean(error**2, axis=0)[varied] / variance[varied]
        spread = np.sqrt(guess.var(axis=0)[varied] / variance[varied])
        found |= {"r2": float(np.mean(1 - squared)), "spread": float(np.mean(spread))}
    return found


def log_loss(truth: NDArray[Any], shares: NDArray[Any], classes: Any) -> float | None:
    """The mean of −log of what the true class was given; None where it is unknown."""
    known = np.asarray(classes)
    places = np.searchsorted(known, truth)
    if (places >= len(known)).any() or (known[places] != truth).any():
        return None
    given = shares[np.arange(len(truth)), places]
    return float(-np.log(np.clip(given, np.finfo(np.float64).eps, 1)).mean())
