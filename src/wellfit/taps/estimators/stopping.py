"""Early stopping: scikit-learn's own, or by rows that are held out of a booster's."""

import inspect
from dataclasses import replace
from typing import Any

import numpy as np

from wellfit.taps.estimators import parameters
from wellfit.taps.estimators.fit import Fit
from wellfit.taps.estimators.given import Given, Unchanged
from wellfit.taps.estimators.rows import generator

SHARE = 0.1  # of the rows are held out
FEW = 20  # rows, of which none can be spared


def stop(fit: Fit, *, patience: int) -> None:
    """End after so many rounds that do not help rows that are held out."""
    if fit.edits.by_parts:
        raise Unchanged("it is trained batch by batch, for as long as the script does")
    home = type(fit.estimator).__module__.partition(".")[0]
    if home in ("xgboost", "lightgbm"):
        hold_out(fit)
        fit.edits.params |= (
            {"early_stopping_rounds": patience} if home == "xgboost" else {}
        )
        fit.late.append(lambda one: _judged(one, home, patience))
        return
    why = "nothing in it can stop early by itself"
    fit.set(parameters.stopping(fit.estimator, patience), why)


def hold_out(fit: Fit) -> None:
    """A tenth of the rows, of each class alike."""
    kept, held = places(fit.given)
    fit.held, fit.given = fit.given.at(held), fit.given.at(kept)


def places(given: Given) -> tuple[Any, Any]:
    """Which rows are trained on, and which are held out of it."""
    rows = given.count
    if rows < FEW:
        raise Unchanged(f"there are {rows} rows, of which none can be spared")
    order = generator().permutation(rows)
    if given.classifies:  # by class, so that each is there in its share
        order = order[np.argsort(np.asarray(given.labels)[order], kind="stable")]
    step = round(1 / SHARE)
    held = order[step // 2 :: step]
    return np.setdiff1d(np.arange(rows), held), np.sort(held)


def _judged(fit: Fit, home: str, patience: int) -> None:
    """Have the booster evaluate the rows that were held out, the last of its sets."""
    assert fit.held is not None
    held = (fit.held.table, fit.held.targets)
    more = dict(fit.given.more)
    known = more.get("eval_set")
    takes = inspect.signature(type(fit.estimator).fit).parameters
    if known is None and "eval_X" in takes and more.get("eval_X") is None:
        more |= {"eval_X": held[0], "eval_y": held[1]}
    else:
        more["eval_set"] = [*(known or ()), held]
    if home == "lightgbm":
        from lightgbm import early_stopping

        stopping = early_stopping(patience, verbose=False)
        more["callbacks"] = [*(more.get("callbacks") or ()), stopping]
    fit.given = replace(fit.given, more=more)
