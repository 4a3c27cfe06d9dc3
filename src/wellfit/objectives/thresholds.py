"""From which probability on the second of two classes is predicted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.models.model import decided
from wellfit.objectives.metrics import DECIDED, METRICS, Metric, Numbers

MOST = 200  # thresholds that are tried


def tuned(p: Numbers, y: NDArray[Any], metric: Metric) -> float:
    """The threshold that the metric is best with; of equals the nearest to 0.5.

    Metrics that go by probabilities know of no threshold: balanced accuracy is taken.

    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])
    >>> tuned(p, np.array([0, 1, 1]), METRICS["classification"]["accuracy"])
    0.15000000000000002
    """
    name = metric.name if metric.name in DECIDED else "balanced_accuracy"
    by = METRICS["classification"][name]
    levels = np.unique(p[:, 1])
    between = (levels[1:] + levels[:-1]) / 2
    if len(between) > MOST:
        between = np.unique(np.quantile(between, np.linspace(0, 1, MOST)))
    tried = sorted([0.5, *between.tolist()], key=lambda t: abs(t - 0.5))
    best: float = max(tried, key=lambda t: by.measure(decided(p, t), y))
    return best
