"""saturated-units"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import harm
from wellfit.rules.rule import Rule

GATES = ("gate", "mask", "attn", "attention")  # in the names of what is to saturate


class Pinned(NamedTuple):
    """A layer whose outputs are pinned: how many of them, since when."""

    where: str
    share: float
    first: float
    since: int
    signal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SaturatedUnits(Rule):
    """Sigmoids or tanhs give their end values whatever comes in, and pass no gradient.

    ## What it looks at
    For each hidden layer of sigmoids or tanhs, the share of the outputs within 2.5 % of
    either end of the range, in the last looks and in the first; and what the run has
    reached on rows held back.

    ## Why it hurts
    Near its ends a sigmoid's slope is under a tenth of its greatest. Where most
    outputs are there, the layers before learn next to nothing, and what the layer says
    is a handful of bits.

    ## Example
    >>> facts = {"model": {"layers": [{"name": n, "tensors": ["w"]} for n in "012"]},
    ...          "objective": {"trivial": {"accuracy": 0.1}},
    ...          "reference": {"metric": "accuracy", "value": 0.95, "trivial": 0.1,
    ...                        "rows": 1000}}
    >>> run = Run.of({"saturated_share@1": [0.9] * 8, "val/accuracy": [0.3] * 4},
    ...              facts=facts)
    >>> print(SaturatedUnits().check(run).summary)
    90 % of the outputs of 1 are pinned to the ends of their range, from the first
    steps on

    ## How it is told from its look-alikes
    A last layer that is sure of its answers saturates because it is right: layers with
    none behind them are left out. So are layers that are called gates, masks or
    attention, which are to open and close; the gates within an LSTM or GRU are not
    looked at. And where the run reaches what can be reached, its units say what they
    have to, saturated or not: that is nothing, or a note where nearly all are pinned
    from the start.

    ## What helps
    `reinitialize` where it began so, `insert-normalization`, `swap-activations`,
    `standardize-inputs`; `lower-learning-rate` where it came while training.

    ## When it is wrong
    Codes that are meant to be binary, in a model that falls short for another reason.

    ## References
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
    neural networks, section 3; Rakitianskaia and Engelbrecht (2015), Measuring
    saturation in neural networks.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = (
        "reinitialize",
        "insert-normalization",
        "swap-activations",
        "standardize-inputs",
        "lower-learning-rate",
    )

    most: float = 0.6  # of the outputs, from the start. Evenly spread ones have 0.05,
    # those of a layer with Xavier's weights and inputs of scale 1 under 0.1
    share: float = 1.0  # of a simple model's skill, which the run is clearly below
    sigmas: float = 2.0  # of both scores together: 1 in 40 by chance
    nearly_all: float = 0.9  # where they began free: sure units of a small net get to
    # 0.84. From the start, a note even where nothing was lost
    looks: int = 3  # the last ones, of which the median counts: short runs have few

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where hidden units are pinned and the run falls short."""
        shares = run.at("saturated_share")
        if not shares:
            return NotChecked(
                reason="no layer of sigmoids or tanhs was looked at: watch a model "
                "that has some, with `wellfit run`"
            )
        found = [p for p in self._pinned(run, shares) if p.share >= self._bar(p)]
        if not found:
            return None
        worst = max(found, key=lambda pinned: pinned.share)
        lost = harm.short_of(run, self.share, self.sigmas)
        began = worst.first >= self.most
        if lost is False and not (began and worst.share >= self.nearly_all):
            return None
        when = "the first steps" if began else f"step {worst.since:,}"
        return self.finding(
            f"{100 * worst.share:.3g} % of the outputs of {worst.where} are pinned to "
            f"the ends of their range, from {when} on",
            severity=self.severity if lost else Severity.NOTE,
            confidence=0.9 if began or worst.share >= self.nearly_all else 0.75,
            where=[pinned.where for pinned in found],
            since=min(pinned.since for pinned in found),
            evidence=_evidence(found),
        )

    def _bar(self, pinned: Pinned) -> float:
        """How many are too many: few units that learn are pinned for good reasons."""
        return self.most if pinned.first >= self.most else self.nearly_all

    def _pinned(self, run: Run, shares: dict[str, Signal]) -> Iterator[Pinned]:
        """The hidden layers that are no gates."""
        last = _last_layers(run)
        for where, share in shares.items():
            known = share.finite()
            named = any(word in where.lower() for word in GATES)
            if where in last or named or len(known) < self.looks:
                continue
            late = float(np.median(known.values[-self.looks :]))
            early = float(np.median(known.values[:3]))
            yield Pinned(where, late, early, self._since(known), share.name)

    def _since(self, share: Signal) -> int:
        """The look from which on so many were pinned."""
        free = np.flatnonzero(share.values < self.most)
        if not len(free):
            return 0
        return int(share.steps[min(free[-1] + 1, len(share) - 1)])


def _last_layers(run: Run) -> set[str]:
    """Layers with none with weights behind them: what they give is the answer.

    Of several networks, a generator and a discriminator say, each has its own.
    """
    model = run.facts.get("model", {})
    several = " + " in str(model.get("class", ""))
    behind: dict[str, bool] = {}  # network → whether weights come later
    found = set()
    for layer in reversed(model.get("layers", ())):
        network = layer["name"].partition(".")[0] if several else ""
        if not behind.get(network, False):
            found.add(layer["name"])
        behind[network] = behind.get(network, False) or bool(layer.get("tensors"))
    return found


def _evidence(found: list[Pinned]) -> Iterator[Evidence]:
    for pinned in found:
        text = f"share of the outputs of {pinned.where} near the ends, at the end"
        yield Evidence(text=text, signal=pinned.signal, value=pinned.share)
        text = f"the same of {pinned.where} in the first looks"
        yield Evidence(text=text, signal=pinned.signal, value=pinned.first)
