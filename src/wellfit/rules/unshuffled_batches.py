"""unshuffled-batches"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import results
from wellfit.rules.rule import Rule

RECURRENT = ("GRU", "LSTM", "RNN")

DRIFTED = 16  # looks, at least, that show whether targets move
DRIFT = 0.8  # of the correlation of ranks with time (Spearman): by far not by chance


@dataclass(frozen=True, kw_only=True, slots=True)
class UnshuffledBatches(Rule):
    """The rows come in an order that has to do with what is to be predicted.

    ## What it looks at
    The targets of some batches: how much they differ from batch to batch, against what
    batches drawn at random would; and, within a batch, how much neighbours differ,
    against any two rows (von Neumann's ratio). What the DataLoader says of itself
    stands beside it.

    ## Why it hurts
    A batch of one kind pulls the model towards that kind, and the next one away again.
    It unlearns one class while it learns another, and ends with a leaning towards what
    came last.

    ## Example
    >>> order = {"order": 0.02, "batches": 30.0, "looked": 40}
    >>> facts = {"objective": {"task": "classification", "targets": order},
    ...          "training": {"batch_size": 32},
    ...          "loaders": {"train": {"shuffled": False}}}
    >>> print(UnshuffledBatches().check(Run.of(loss=[2.3] * 50, facts=facts)).summary)
    batches differ 30 times as much in their targets as random ones would, and
    neighbouring rows 2 % as much; the training loader does not shuffle

    ## How it is told from its look-alikes
    A fixed order in which the targets come mixed does no harm, whatever the loader
    says. A time series that goes through a recurrent net has an order for a reason. A
    loader for evaluation need not shuffle. Batches that are balanced on purpose differ
    less than random ones, not more.

    ## What helps
    `shuffle-batches`: `DataLoader(..., shuffle=True)`, a permutation in each epoch, or
    a longer buffer where rows are streamed.

    ## When it is wrong
    Lessons that go from the easy to the hard on purpose.

    ## References
    Bengio (2012), Practical recommendations for gradient-based training of deep
    architectures; von Neumann (1941), for the ratio; Bottou (2009), Curiously fast
    convergence of some stochastic gradient descent algorithms.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:objective",)
    remedies: ClassVar = ("shuffle-batches",)

    batches: float = 3.0  # times as much between batches as random ones would have
    sigmas: float = 6.0  # of that number by chance, √(2 / batches looked at)
    order: float = 0.5  # of what any two rows differ by, between neighbours: of 1 in
    # shuffled rows, and 0 in sorted ones
    sorted: float = 0.5  # of a batch's size, which is what batches of one kind have
    looked: int = 5  # batches: fewer do not show an order
    share: float = 0.97  # of a simple model's skill: less, and something is lost

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where the order costs something, else a note."""
        objective = run.facts["objective"]
        targets = objective.get("targets") or {}
        apart, looked = targets.get("batches"), int(targets.get("looked") or 0)
        if apart is None or looked < self.looked:
            return NotChecked(
                reason="the targets of fewer than "
                f"{self.looked} batches were compared: watch more steps in full"
            )
        order = targets.get("order")
        chance = 1 + self.sigmas * (2 / looked) ** 0.5
        if apart <= max(self.batches, chance) or _is_series(run):
            return None
        if not run.facts.get("loaders") and _moving(run.get("target_mean")):
            return NotChecked(
                reason="the targets move as the training goes on, as those that a "
                "model makes itself do: with a DataLoader its order would be known"
            )
        lost = self._lost(run, float(apart))
        return self.finding(
            _said(float(apart), order, run.facts.get("loaders", {})),
            severity=self.severity if lost else Severity.NOTE,
            confidence=(0.9 if order is not None and order < self.order else 0.75)
            if lost
            else 0.5,
            since=0,
            evidence=_evidence(float(apart), order),
        )

    def _lost(self, run: Run, apart: float) -> bool:
        """Whether it did worse than it could have, or each batch is of one kind."""
        if results.fell_short(run, self.share):
            return True
        size = run.facts.get("training", {}).get("batch_size") or 0
        return bool(size and apart >= self.sorted * size)


def _moving(means: Signal | None) -> bool:
    """Whether targets rise or fall all along, by the order of their means.

    Rows in a fixed order come again in every epoch, and do not.
    """
    if means is None or len(known := means.finite().values) < DRIFTED:
        return False
    ranks = np.argsort(np.argsort(known))
    return bool(abs(np.corrcoef(ranks, np.arange(len(known)))[0, 1]) > DRIFT)


def _is_series(run: Run) -> bool:
    """Whether numbers are predicted by a recurrent net: time has an order."""
    layers = run.facts.get("model", {}).get("layers", ())
    recurrent = any(layer["kind"].startswith(RECURRENT) for layer in layers)
    return recurrent and run.facts["objective"].get("task") == "regression"


def _said(apart: float, order: float | None, loaders: Mapping[str, Any]) -> str:
    said = f"batches differ {apart:.2g} times as much in their targets as random ones"
    said += " would"
    if order is not None:
        said += f", and neighbouring rows {100 * order:.2g} % as much"
    if loaders.get("train", {}).get("shuffled") is False:
        said += "; the training loader does not shuffle"
    return said


def _evidence(apart: float, order: float | None) -> list[Evidence]:
    found = [
        Evidence(
            text="targets: variance between batches over random ones'", value=apart
        )
    ]
    if order is not None:
        text = "targets: squared difference of neighbours over that of any two"
        found.append(Evidence(text=text, value=order))
    return found
