"""dead-units"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import results
from wellfit.rules.rule import Rule

LOOKS = 10  # without a sign of life, after which a unit counts as dead


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadUnits(Rule):
    """Units of a ReLU layer give zero whatever comes in, and can no longer learn.

    ## What it looks at
    For each ReLU layer the share of units that were zero for every sample of the last
    ten looks, at the end of the run.

    ## Why it hurts
    Where a ReLU is zero its gradient is zero too, so a unit that is zero for every
    sample never wakes. A layer of such units cuts off all layers before it.

    ## Example
    >>> run = Run.of({"dead_share@1": [0.0, 0.1, 0.6, 0.97, 0.98, 0.98]})
    >>> print(DeadUnits().check(run).summary)
    98 % of the units of 1 are dead, most of them since step 0

    ## How it is told from its look-alikes
    Sparse features are zero for most samples, not for all of them: a unit counts only
    where no sample of ten looks woke it. A good part of a wide layer may be dead in a
    network that does its job, on inputs that are often zero above all: below
    `nearly_all` it is a note, unless the model does no better than guessing.

    ## What helps
    `swap-activations` (leaky ReLU, GELU), `reinitialize` where the units were dead from
    the first step, `lower-learning-rate` where one large update killed them.

    ## When it is wrong
    Classes so rare that ten looks do not show the samples that wake a unit.

    ## References
    Maas et al. (2013), Rectifier nonlinearities improve neural network acoustic
    models; Lu et al. (2020), Dying ReLU and initialization.
    """

    severity: ClassVar = Severity.CRITICAL
    needs: ClassVar = ("dead_share@*",)
    remedies: ClassVar = ("swap-activations", "reinitialize", "lower-learning-rate")

    nearly_all: float = 0.9  # of a layer: what is left cannot carry its features.
    # Healthy networks of bench/trainings have up to 0.5
    most: float = 0.6  # of a layer, in a model that does no better than guessing

    def check(self, run: Run) -> Finding | NotChecked | None:
        shares = {k: f for k, s in run.at("dead_share").items() if len(f := s.finite())}
        if not shares:
            return NotChecked(reason="no ReLU layer was looked at")
        stands = results.standing(run)
        bar = self.most if stands.guesses else self.nearly_all
        dead = {where: share for where, share in shares.items() if _late(share) >= bar}
        if not dead:
            return None
        where, worst = max(dead.items(), key=lambda item: _late(item[1]))
        since = _since(worst)
        return self.finding(
            f"{100 * _late(worst):.3g} % of the units of {where} are dead, most of them "
            f"since step {since}",
            severity=Severity.NOTE if stands.reached() else self.severity,
            confidence=0.95 if _late(worst) >= self.nearly_all else 0.75,
            where=dead,
            since=since,
            evidence=[_evidence(share) for share in dead.values()],
        )


def _since(share: Signal) -> int:
    """The look from which on most were silent: ten looks before they count as dead."""
    counted = int(np.argmax(share.values >= 0.5))
    return int(share.steps[max(0, counted - LOOKS + 1)])


def _late(share: Signal) -> float:
    return float(np.median(share.values[-3:]))


def _evidence(share: Signal) -> Evidence:
    return Evidence(
        text="share of dead units at the end",
        signal=share.name,
        step=int(share.steps[-1]),
        value=_late(share),
    )
