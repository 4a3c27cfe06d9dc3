"""Edits by classes: what rare ones count, and from which probability on one is said."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.taps.estimators import parameters
from wellfit.taps.estimators.fit import Fit
from wellfit.taps.estimators.fitted import hold, lent, scores_of
from wellfit.taps.estimators.given import Given, Unchanged

FOLDS = 3
WEIGHTS = "sample_weight"


def weigh(fit: Fit) -> None:
    """By `class_weight` where it is known, else by weights of the rows."""
    from wellfit.taps.estimators.rows import balanced

    if not fit.given.classifies:
        raise Unchanged("no classes are predicted")
    values = parameters.class_weights(fit.estimator)
    if values and not fit.edits.by_parts:
        fit.set(values, "")
        return
    name = _takes_weights(fit.estimator)
    if name is None:
        raise Unchanged(
            f"{type(fit.estimator).__name__} takes weights neither of classes nor rows"
        )
    weights = balanced(fit.given)
    known = fit.given.more.get(name)
    both = weights if known is None else weights * np.asarray(known)
    fit.given = replace(fit.given, more={**fit.given.more, name: both})


def _takes_weights(estimator: Any) -> str | None:
    """The argument of its fit that is the weights of the rows."""
    from sklearn.utils.validation import has_fit_parameter

    steps = getattr(estimator, "steps", None)
    if steps:
        name, last = steps[-1]
        inner = _takes_weights(last) if hasattr(last, "fit") else None
        return None if inner is None else f"{name}__{inner}"
    return WEIGHTS if has_fit_parameter(estimator, WEIGHTS) else None


def out_of_fold(
    estimator: Any, given: Given
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The classes, and their probabilities by fits that had not seen the row."""
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_predict

    if not hasattr(estimator, "predict_proba"):
        raise Unchanged(f"{type(estimator).__name__} predicts no probabilities")
    told = cross_val_predict(
        clone(estimator),
        given.table,
        given.labels,
        cv=_folds(given),
        method="predict_proba",
        params=given.by_row() or None,
    )
    return np.unique(given.labels), np.asarray(told)


def _folds(given: Given) -> Any:
    from sklearn.model_selection import StratifiedKFold

    _, counts = np.unique(given.labels, return_counts=True)
    folds = min(FOLDS, int(counts.min()))
    if folds < 2:
        raise Unchanged("the rarest class has one row alone")
    own = np.random.RandomState(np.random.MT19937(0))
    return StratifiedKFold(folds, shuffle=True, random_state=own)


def tune(fit: Fit, edit: Callable[..., None]) -> None:
    """The threshold at which the mean of both recalls is highest, out of fold.

    Each fold is fitted with all other edits of the plan, made on its own rows alone.
    """
    from sklearn.base import clone

    from wellfit.taps.estimators.fitting import Stage

    raw = fit.raw
    if not raw.classifies or len(np.unique(raw.labels)) != 2:
        raise Unchanged("it does not tell two classes apart")
    if fit.edits.by_parts:
        raise Unchanged("it is trained batch by batch")
    if not any(
        hasattr(fit.estimator, n) for n in ("predict_proba", "decision_function")
    ):
        raise Unchanged(f"{type(fit.estimator).__name__} predicts classes alone")
    told = np.empty(raw.count)
    for train, held in _folds(raw).split(np.zeros(raw.count), raw.labels):
        rows = raw.at(train)
        part = Fit(estimator=clone(fit.estimator), raw=rows, given=rows)
        edit(part, until=Stage.LEARNER)
        done(part, part.estimator.fit)
        told[held] = scores_of(part.estimator, raw.at(held).table)
    positive = raw.labels == np.unique(raw.labels)[1]
    fit.edits.threshold = best_threshold(positive, told)


def best_threshold(positive: NDArray[Any], told: NDArray[np.float64]) -> float:
    """From which score on to say yes, so that the mean of both recalls is highest.

    It lies between two scores that were seen; of several the one in the middle.

    >>> best_threshold(np.array([False, False, True, True]), np.array([1, 2, 4, 8.0]))
    3.0
    """
    order = np.argsort(told, kind="stable")
    scores, hits = told[order], positive[order].astype(float)
    missed = np.concatenate([[0.0], np.cumsum(hits)]) / max(hits.sum(), 1.0)
    spared = np.concatenate([[0.0], np.cumsum(1 - hits)]) / max((1 - hits).sum(), 1.0)
    worth = spared - missed
    ends = np.concatenate([[scores[0]], scores[:-1] + np.diff(scores) / 2])
    apart = np.concatenate(
        [[True], np.diff(scores) > 0]
    )  # a cut between equals is none
    worth = np.where(apart, worth[:-1], -np.inf)
    best = np.flatnonzero(np.isclose(worth, worth.max(), rtol=0, atol=1e-12))
    return float(ends[best[len(best) // 2]])


def done(fit: Fit, run: Callable[..., Any]) -> Any:
    """Do the fit with its edits; what the estimator is asked goes through them too."""
    fit.given = fit.given.seen_through(fit.edits.through)
    for prepare in fit.late:
        prepare(fit)
    with lent(fit.estimator, fit.edits.params):
        result = run(**fit.given.arguments())
    with suppress(TypeError):  # an estimator without a place for them has no edits
        hold(fit.estimator, fit.edits)
    return result
