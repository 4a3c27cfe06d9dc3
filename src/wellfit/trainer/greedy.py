"""Which models are averaged, and how much each counts: greedy ensemble selection.

Caruana et al. (2004), Ensemble selection from libraries of models: to an ensemble that
begins with the best model the one is added, again and again, that helps it most; one
that is added twice counts twice.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.models.model import Scores, loss_of

STEPS = 40  # models that are added; a weight is a multiple of 1/40
POOL = 20  # models that are chosen among: of more, the best
MOST_VALUES = 4_000_000  # looked at in a step: of more rows, some
PARTS = 5  # weights chosen without a part are judged by it
NOTHING = 1e-6  # of the loss: less is no gain
Weights = NDArray[np.float64]


def select(guesses: Sequence[Scores], y: NDArray[Any], seed: int = 0) -> Weights:
    """The weight of each model, which sum to one; many are zero.

    `guesses` are the models' predictions of the same rows, none of which they were
    fitted to; `y` is what these rows are.
    """
    losses = np.array([loss_of(guess, y) for guess in guesses])
    pool = np.argsort(losses, kind="stable")[:POOL]
    some = _some(y, len(pool), seed)
    told = np.stack([_told(guesses[i][some], y[some]) for i in pool])
    chosen = _grow(told, None if guesses[0].ndim > 1 else y[some])
    weights = np.zeros(len(guesses))
    weights[pool] = chosen
    return weights


def _some(y: NDArray[Any], models: int, seed: int) -> NDArray[np.int64]:
    most = MOST_VALUES // models
    if len(y) <= most:
        return np.arange(len(y))
    return np.random.default_rng(seed).permutation(len(y))[:most]


def _told(guess: Scores, y: NDArray[Any]) -> Scores:
    """All that the loss asks of a prediction: of classes, what the row's own got."""
    return guess if guess.ndim == 1 else guess[np.arange(len(y)), y]


def _grow(told: Scores, y: NDArray[Any] | None) -> Weights:
    """Add the model that helps most until none helps; `y` are numbers, if they are."""
    counts = np.zeros(len(told))
    total = np.zeros(told.shape[1])
    best, weights = np.inf, counts
    for step in range(1, STEPS + 1):
        losses = _losses((total + told) / step, y)
        added = int(np.argmin(losses))
        total = total + told[added]
        counts[added] += 1
        if losses[added] < best * (1 - NOTHING):
            best, weights = float(losses[added]), counts / step
    return weights


def _losses(told: Scores, y: NDArray[Any] | None) -> Scores:
    """The loss of each row of `told`."""
    if y is None:
        return np.asarray(-np.log(np.clip(told, 1e-15, 1.0)).mean(axis=1))
    return np.asarray(((told - y) ** 2).mean(axis=1))


def honestly(guesses: Sequence[Scores], y: NDArray[Any], seed: int = 0) -> Scores:
    """What the ensemble predicts of each row, with weights that the row chose not.

    The rows are parted at random; the weights that the other parts choose predict each.
    """
    out = np.empty_like(guesses[0], dtype=np.float64)
    place = np.random.default_rng(seed).permutation(len(y)) % PARTS
    for part in range(PARTS):
        own = place == part
        weights = select([guess[~own] for guess in guesses], y[~own], seed)
        out[own] = combined([guess[own] for guess in guesses], weights)
    return out


def combined(guesses: Sequence[Scores], weights: Weights) -> Scores:
    """The weighted mean of the predictions."""
    some = [(w, g) for w, g in zip(weights, guesses, strict=True) if w > 0]
    return np.asarray(sum(w * g for w, g in some))
