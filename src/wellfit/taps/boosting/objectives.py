"""What boosters are trained for: the task, and the metric that is the loss itself."""

from typing import NamedTuple


class Objective(NamedTuple):
    """An objective by its own name: its task, and the metric that it descends.

    `loss` is empty where no metric is the objective, as for ranking.
    """

    name: str
    task: str  # as the fact `objective` has it
    loss: str
    classes: int | None = None

    @property
    def known(self) -> bool:
        """Whether predictions against targets give the loss."""
        return self.loss in COMPUTED


# Objective → task, and its own metric; both frameworks', whose names differ.
_KNOWN = {
    "binary:logistic": ("binary", "logloss"),
    "binary:logitraw": ("binary", "logloss"),
    "binary:hinge": ("binary", ""),
    "multi:softmax": ("classification", "mlogloss"),
    "multi:softprob": ("classification", "mlogloss"),
    "reg:squarederror": ("regression", "rmse"),
    "reg:linear": ("regression", "rmse"),
    "reg:squaredlogerror": ("regression", "rmsle"),
    "reg:logistic": ("regression", "logloss"),
    "reg:absoluteerror": ("regression", "mae"),
    "reg:pseudohubererror": ("regression", "mphe"),
    "reg:quantileerror": ("regression", "quantile"),
    "reg:gamma": ("regression", "gamma-nloglik"),
    "reg:tweedie": ("regression", "tweedie-nloglik"),
    "count:poisson": ("regression", "poisson-nloglik"),
    "survival:cox": ("other", "cox-nloglik"),
    "survival:aft": ("other", "aft-nloglik"),
    "binary": ("binary", "binary_logloss"),
    "multiclass": ("classification", "multi_logloss"),
    "multiclassova": ("classification", "multi_logloss"),
    "regression": ("regression", "l2"),
    "regression_l1": ("regression", "l1"),
    "huber": ("regression", "huber"),
    "fair": ("regression", "fair"),
    "poisson": ("regression", "poisson"),
    "quantile": ("regression", "quantile"),
    "mape": ("regression", "mape"),
    "gamma": ("regression", "gamma"),
    "tweedie": ("regression", "tweedie"),
    "cross_entropy": ("regression", "cross_entropy"),
}

LOGARITHMIC = {"logloss", "binary_logloss", "cross_entropy"}
SOFTMAX = {"mlogloss", "multi_logloss"}
COMPUTED = {*LOGARITHMIC, *SOFTMAX, "rmse", "l2", "mae", "l1"}

# A metric that is one of these, and what is said beside it.
ERRORS = {"error", "merror", "binary_error", "multi_error"}  # 1 - accuracy
# Of custom objectives, a metric known to be the better the lower it is.
LOWER = {*COMPUTED, *ERRORS, "quantile", "mape", "rmsle", "mphe"}


def objective(name: str, *, classes: int | None = None) -> Objective:
    """The objective of that name; `other` for one that is not known."""
    task, loss = _KNOWN.get(name, ("other", ""))
    found = {"binary": 2, "classification": classes}.get(task)
    return Objective(name, task, loss, found)


def own_loss(metric: str, value: float, loss: str) -> float | None:
    """The loss by that metric; None where it is another.

    >>> own_loss("rmse", 3.0, "l2"), own_loss("tweedie-nloglik@1.5", 2.0,
    ...                                       "tweedie-nloglik")
    (9.0, 2.0)
    """
    if metric.partition("@")[0] == loss:
        return value
    if (metric, loss) == ("rmse", "l2"):
        return value**2
    return None
