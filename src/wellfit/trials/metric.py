"""What trials are judged by: one number of a run, and which way it is better."""

from collections.abc import Set
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from wellfit.core.errors import UnknownName
from wellfit.core.run import Run
from wellfit.core.signals import lower_is_better, parse

USUAL = "val/loss"
OF_TRAINING = "loss"
LAST = 0.1  # of the steps of training: their mean is where it has come to


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A signal, and whether greater is better; `note` is what a reader should know.

    >>> [Metric(name=n).greater_is_better for n in ("val/accuracy", "val/log_loss")]
    [True, False]
    """

    name: str
    note: str = ""

    @property
    def greater_is_better(self) -> bool:
        """Told by the name: losses and errors are better where they are small."""
        return not lower_is_better(self.name)

    @property
    def is_loss(self) -> bool:
        """Whether it is the loss that is trained by, which a change may redefine."""
        return parse(self.name).name == "loss"

    def is_redefined_by(self, touches: Set[str]) -> bool:
        """Whether values before and after a change are not of one scale.

        A change of the `objective` is one of the loss in training alone.
        """
        return self.is_loss and (
            "loss" in touches
            or ("objective" in touches and parse(self.name).phase != "val")
        )

    def of(self, run: Run) -> float:
        """Its last value; of a step of training the mean of the last tenth.

        NaN where there is none, or it is no number.
        """
        signal = run.get(self.name)
        if signal is None or not len(signal):
            return nan
        training = parse(self.name).phase == "train"
        count = max(1, round(LAST * len(signal))) if training else 1
        found = float(np.mean(signal.values[-count:]))
        return found if isfinite(found) else nan


def metric_of(run: Run, name: str | None) -> Metric:
    """The metric that is asked for, else the validation loss, else that of training.

    `UnknownName` where the run has no such signal.
    """
    if name is not None:
        if run.get(name) is None:
            known = [n for n in run.signals if "@" not in n]
            raise UnknownName("signal", name, among=known)
        return Metric(name=name)
    if run.get(USUAL) is not None:
        return Metric(name=USUAL)
    note = (
        "the script validates nothing: it is judged by its training loss, which says "
        "nothing of new data"
    )
    return Metric(name=OF_TRAINING, note=note)
