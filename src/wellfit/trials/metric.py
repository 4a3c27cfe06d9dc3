"""What trials are judged by: one number of a run, and which way it is better."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from wellfit.core.errors import UnknownName
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.signals import lower_is_better, parse

USUAL = "val/loss"
# Scores of predictions that the script asks for, proper ones first.
SCORES = (
    "val/log_loss",
    "val/accuracy",
    "val/r2",
    "val/rmse",
    "val/mae",
    "val/auc",
)
EVEN = "val/balanced_accuracy"
RARE = ("class-imbalance", "metric-hides-minority")  # which an accuracy does not show
OF_TRAINING = "loss"
FITTED = ("train/eval_accuracy", "train/eval_r2")  # of what has no loss by step
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

        A change of the `objective` is one of the loss in training alone; one of the
        balance of classes is one of the rows that it is a mean over.
        """
        redefines = {"loss"}
        if parse(self.name).phase != "val":
            redefines |= {"objective", "class_balance"}
        return self.is_loss and not redefines.isdisjoint(touches)

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


def metric_of(run: Run, name: str | None, findings: Sequence[Finding] = ()) -> Metric:
    """The metric that is asked for, else what of the validation the run has.

    That is the loss, else a score of predictions; of scikit-learn's such a score first,
    as few of them have a loss, which is not always seen. Where rare classes are passed
    over, it is the mean of all recalls. Without validation, it is the loss of training.
    `UnknownName` where the run has no such signal.
    """
    if name is not None:
        if run.get(name) is None:
            known = [n for n in run.signals if "@" not in n]
            raise UnknownName("signal", name, among=known)
        return Metric(name=name)
    if run.get(EVEN) is not None and any(f.rule in RARE for f in findings):
        note = "rare classes are passed over, so that all classes count alike in it"
        return Metric(name=EVEN, note=note)
    seen = [n for n in _usual(run) if run.get(n) is not None]
    if seen:
        return Metric(name=seen[0])
    fits = [n for n in (OF_TRAINING, *FITTED) if run.get(n) is not None]
    what = "loss" if OF_TRAINING in fits or not fits else "score"
    note = (
        f"the script validates nothing: it is judged by its training {what}, which "
        "says nothing of new data"
    )
    return Metric(name=(*fits, OF_TRAINING)[0], note=note)


def _usual(run: Run) -> tuple[str, ...]:
    framework = (run.facts.get("command") or {}).get("framework")
    return (*SCORES, USUAL) if framework == "sklearn" else (USUAL, *SCORES)
