"""dead-units"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import results
from wellfit.rules.rule import Rule

LOOKS = 10  # without a sign of life, after which a unit counts as dead
GONE = 3  # looks after which a whole layer does, whose every activation is zero
NOTHING = 0.9999  # of the activations are zero: all, but for a stray one


class Dead(NamedTuple):
    """A layer with dead units: their share, since when, and how that was seen."""

    where: str
    share: float
    since: int
    said: str
    signal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadUnits(Rule):
    """Units of a ReLU layer give zero whatever comes in, and can no longer learn.

    ## What it looks at
    For each ReLU layer, the share of units that were zero for every sample of the last
    ten looks; the share of all its activations that are zero in the first steps, which
    is about a half where weights are drawn evenly; and layers whose weights get no
    gradient at all while their bias gets one: nothing but zeros comes in.

    ## Why it hurts
    Where a ReLU is zero its gradient is zero too, so a unit that is zero for every
    sample never wakes. A layer of such units cuts off all layers before it.

    ## Example
    >>> run = Run.of({"dead_share@1": [0.0, 0.1, 0.6, 0.97, 0.98, 0.98]})
    >>> print(DeadUnits().check(run).summary)
    98 % of the units of 1 are dead at the end

    ## How it is told from its look-alikes
    Sparse features are zero for most samples, not for all of them, and they become so
    while training: a unit counts only where no sample of ten looks woke it. A good
    part of a wide layer may be dead in a network that does its job, on inputs that are
    often zero above all; below `nearly_all` it counts only where the model does no
    better than guessing. Layers whose weights are all zero are another problem.

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
    remedies: ClassVar = ("swap-activations", "reinitialize", "lower-learning-rate")

    nearly_all: float = 0.9  # of a layer: what is left cannot carry its features.
    # Healthy networks of bench/trainings have up to 0.58
    most: float = 0.6  # of a layer, in a model that does no better than guessing
    silent: float = 0.9  # of the activations in the first looks, where 0.5 is usual;
    # dropout of one half before the next layer makes it 0.75

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where a layer is nearly dead, or nearly silent from the start."""
        if not (run.at("dead_share") or run.at("grad_norm")):
            return NotChecked(
                reason="neither ReLU layers nor gradients were looked at: watch the "
                "training itself, with `wellfit run`"
            )
        stands = results.standing(run)
        bar = self.most if stands.guesses else self.nearly_all
        found = [*_counted(run, bar), *_cut_off(run), *_gone(run), *self._silent(run)]
        weights = run.get("weight_norm")
        if not found or (weights is not None and len(weights) and not weights.last):
            return None
        worst = max(found, key=lambda dead: dead.share)
        return self.finding(
            worst.said,
            severity=Severity.WARNING if stands.reached() else self.severity,
            confidence=0.95 if worst.share >= self.nearly_all else 0.75,
            where=dict.fromkeys(dead.where for dead in found),
            since=min(dead.since for dead in found),
            evidence=[
                Evidence(text=dead.said, signal=dead.signal, value=dead.share)
                for dead in found
            ],
        )

    def _silent(self, run: Run) -> Iterator[Dead]:
        """Layers that pass next to nothing from the first step on."""
        for where, share in run.at("zero_share").items():
            first = share.finite()
            if not len(first) or int(first.steps[0]) >= LOOKS:
                continue
            zeros = float(np.median(first.values[first.steps < LOOKS]))
            if zeros >= self.silent:
                said = f"{100 * zeros:.3g} % of the activations of {where} are zero"
                yield Dead(
                    where, zeros, 0, f"{said} from the first steps on", share.name
                )


def _counted(run: Run, bar: float) -> Iterator[Dead]:
    """Layers of which so many units are dead at the end."""
    for where, share in run.at("dead_share").items():
        known = share.finite()
        if not len(known):
            continue
        late = float(np.median(known.values[-3:]))
        if late >= bar:
            said = f"{100 * late:.3g} % of the units of {where} are dead at the end"
            yield Dead(where, late, _since(known), said, share.name)


def _gone(run: Run) -> Iterator[Dead]:
    """Layers that lived at first, and of which nothing but zeros came ever since."""
    for where, share in run.at("zero_share").items():
        known = share.finite()
        living = np.flatnonzero(known.values < NOTHING)
        if not len(living) or len(known) - 1 - living[-1] < GONE:
            continue
        since = int(known.steps[living[-1] + 1])
        said = f"{where} has given nothing but zeros since step {since}"
        yield Dead(where, 1.0, since, said, share.name)


def _since(share: Signal) -> int:
    """The look from which on most were silent: ten looks before they count as dead."""
    counted = int(np.argmax(share.values >= 0.5))
    return int(share.steps[max(0, counted - LOOKS + 1)])


def _cut_off(run: Run) -> Iterator[Dead]:
    """Layers whose bias gets a gradient, and whose weights get none: all input is 0."""
    gradients = run.at("grad_norm")
    for layer in run.facts.get("model", {}).get("layers", ()):
        known = [gradients[t].finite() for t in layer["tensors"] if t in gradients]
        late = [float(s.values[-LOOKS:].max()) for s in known if len(s) >= 3]
        if len(late) != 2 or late[0] > 0.0 or late[1] == 0.0:
            continue
        weights = known[0]
        alive = np.flatnonzero(weights.values)
        since = int(weights.steps[alive[-1] + 1]) if len(alive) else 0
        said = f"all that enters {layer['name']} is zero: no gradient for 100 % of it"
        yield Dead(layer["name"], 1.0, since, said, weights.name)
