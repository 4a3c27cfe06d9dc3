"""Predictions that the tap asks for itself: of training rows, and by boosting's stages.

Only of scikit-learn's own estimators, whose predictions draw and change nothing, on a
sample, and within a time.
"""

from collections.abc import Iterator
from time import thread_time
from typing import Any

import numpy as np

from wellfit.taps.sklearn import describe
from wellfit.taps.sklearn.objective import Targets, unit
from wellfit.taps.sklearn.rows import shape, some, taken
from wellfit.taps.sklearn.scores import log_loss, scores
from wellfit.taps.sklearn.trained import Inner

STAGES = 40  # of a boosting that are scored, evenly spread
LIMIT = 5_000  # stages; to go through more takes too long
Stages = list[tuple[int, dict[str, float]]]  # rounds done, and scores by name


def scorable(
    estimator: Any, table: Any, targets: Any, inner: Inner | None
) -> Inner | None:
    """What may be asked for a prediction of its training rows, with these rows.

    It must be scikit-learn's own, through and through: a stranger's may print, count or
    draw. Of a pipeline that is not, the last step may be.
    """
    for each in (Inner(estimator, table, targets), inner):
        if each is None or each.targets is None or shape(each.table) is None:
            continue
        if not hasattr(each.estimator, "predict"):
            continue
        if describe.is_sklearns_own(each.estimator):
            return each
    return None


def predictable(asked: Inner, most: float, *, rows: int) -> list[int]:
    """Places of as many training rows as can be predicted in so many seconds."""
    size = shape(asked.table)
    places = some(0 if size is None else size[0], rows)
    spent: list[float] = []
    for count in (8, 64):
        begun = thread_time()  # on a busy machine, not the others' time
        asked.estimator.predict(taken(asked.table, places[:count]))
        spent.append(thread_time() - begun)
        if sum(spent) > most:
            return []
    each = max((spent[1] - spent[0]) / 56, 1e-9)
    count = int(max(0.0, most - sum(spent) - spent[0]) / each)
    return some(len(places), min(count, len(places))) if count >= 16 else []


def stages(estimator: Any, asked: Inner, targets: Targets, *, most: float) -> Stages:
    """The scores after so many rounds, of a boosting; nothing where it took too long.

    `asked` are rows, few enough, and their targets; `most` is in seconds.
    """
    last = describe.final(estimator)
    rounds = _rounds(last)
    truth = np.asarray(asked.targets)
    if not 2 <= rounds <= LIMIT or truth.ndim != 1:
        return []
    table = asked.table
    if last is not asked.estimator:
        if not hasattr(asked.estimator, "steps"):  # a search, which has its own
            return []
        table = asked.estimator[:-1].transform(table)
    wanted = set(np.linspace(1, rounds, min(STAGES, rounds)).round().astype(int))
    begun, found = thread_time(), []
    for done, predicted in enumerate(_staged(last, table, targets), start=1):
        if thread_time() - begun > most:
            return []
        if done in wanted:
            found.append((done, _scored(last, truth, predicted, targets)))
    return found


def _rounds(last: Any) -> int:
    known = vars(last)
    if not hasattr(last, "staged_predict"):
        return 0
    members = known.get("_predictors", known.get("estimators_"))
    return 0 if members is None else len(members)


def _staged(last: Any, table: Any, targets: Targets) -> Iterator[Any]:
    if targets.classes:
        yield from last.staged_predict_proba(table)
    else:
        yield from last.staged_predict(table)


def _scored(
    last: Any, truth: Any, predicted: Any, targets: Targets
) -> dict[str, float]:
    """Its own loss where that is known, and accuracy or R²."""
    if not targets.classes:
        found = scores(truth, predicted, classes=False)
        wanted = {name: found[name] for name in ("r2",) if name in found}
        if describe.criterion_of(last, 0) == "mse_loss":
            wanted["loss"] = unit(last, 0) * found["rmse"] ** 2
        return wanted
    guessed = last.classes_[np.argmax(predicted, axis=1)]
    wanted = {"accuracy": float(np.mean(guessed == truth))}
    if describe.criterion_of(last, targets.classes) == "cross_entropy":
        loss = log_loss(truth, predicted, last.classes_)
        if loss is not None:
            wanted["loss"] = unit(last, targets.classes) * loss
    return wanted
