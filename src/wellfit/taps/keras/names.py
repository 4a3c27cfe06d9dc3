"""Keras's own metric names, as names of signals."""

from typing import Any

from wellfit.taps.names import signal_of

# Metrics that the house knows under a name of its own, by their class.
KNOWN = {
    "Accuracy": "accuracy",
    "BinaryAccuracy": "accuracy",
    "CategoricalAccuracy": "accuracy",
    "SparseCategoricalAccuracy": "accuracy",
    "MeanAbsoluteError": "mae",
    "RootMeanSquaredError": "rmse",
    "R2Score": "r2",
    "AUC": "auc",
}
RATES = ("learning_rate", "lr")  # which Keras's callbacks add to the logs


class Names:
    """Signal names of a model's metrics; the fact `metrics` says which is which."""

    def __init__(self) -> None:
        self.fact: dict[str, str] = {}
        self._known: dict[str, str] = {}

    def meet(self, model: Any) -> None:
        """Learn of which kind the model's metrics are."""
        for metric in _metrics(model):
            known = KNOWN.get(type(metric).__name__)
            if known is not None and known not in self._known.values():
                self._known[metric.name] = known

    @property
    def known(self) -> set[str]:
        """The names of the house that Keras's own metrics stand for."""
        return set(self._known.values())

    def signals(self, name: str, phase: str) -> list[str]:
        """The signals of a metric: under its own name, and under the house's."""
        own = name.removeprefix("val_")
        found = dict.fromkeys((signal_of(own, phase=phase),))
        if own in self._known:
            found[f"{phase}/{self._known[own]}"] = None
        for signal in found:
            self.fact[signal] = name
        return list(found)


def _metrics(model: Any) -> list[Any]:
    """The metrics one by one; the compiled ones stand in a list of their own."""
    found: list[Any] = []
    for metric in model.metrics:
        found += getattr(metric, "metrics", None) or [metric]
    return found
