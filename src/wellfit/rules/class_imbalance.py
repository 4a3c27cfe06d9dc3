"""class-imbalance"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules import results
from wellfit.rules.rule import Rule


class Neglected(NamedTuple):
    """A rare class, its share of the training rows, and its recall."""

    name: str
    share: float
    recall: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassImbalance(Rule):
    """Rare classes are passed over, and the accuracy does not show it.

    ## What it looks at
    How often each class was seen in training, and, where validation gives it, the
    recall of each rare class against that of the commonest. Of data that nothing was
    trained on yet: the recalls of simple models, out of fold.

    ## Why it hurts
    With 3 % positives, predicting none is 97 % accurate and useless.

    ## Example
    >>> facts = {"objective": {"targets": {"counts": {"0": 970, "1": 30}}}}
    >>> run = Run.of({"val/recall@0": [0.99, 1.0], "val/recall@1": [0.1, 0.2]},
    ...              facts=facts)
    >>> print(ClassImbalance().check(run).summary)
    class 1 is 3 % of the training rows, and only 20 % of it is recognised (100 % of
    class 0)

    ## How it is told from its look-alikes
    Rare classes that are recognised well are no problem: nothing is said of mild
    imbalance, a note of a strong one. A class that is hard, and not rare, is left
    alone. Recalls counted over very few samples are given the benefit of the doubt.

    ## What helps
    `tune-threshold` first: it costs nothing and mostly does as well as the rest.
    `weight-classes` or `focus-loss` in the loss; `oversample-minority`,
    `synthesize-minority` or `undersample-majority` in the data.

    ## When it is wrong
    Where missing rare cases is cheaper than false alarms, and was meant.

    ## References
    He and Garcia (2009), Learning from imbalanced data; van den Goorbergh et al.
    (2022) and arXiv 2201.08528, for why balancing is oversold.
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = (
        "tune-threshold",
        "weight-classes",
        "oversample-minority",
        "focus-loss",
        "undersample-majority",
        "synthesize-minority",
    )

    rare: float = 0.25  # of what the commonest class has
    very_rare: float = 0.1  # of it: worth a note where recalls are not known
    neglected: float = 0.6  # of the commonest class's recall
    behind: float = 0.2  # that the mean recall is below the accuracy
    most: int = 12  # classes: of letters or words, rare ones are known to be missed
    rows: int = 100  # fewer do not show which classes are rare

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where rare classes are passed over, a note where they are rare."""
        counts = results.class_counts(run)
        if not counts or sum(counts.values()) < self.rows:
            return NotChecked(
                reason="the classes of the targets were not counted: that takes class "
                f"labels of {self.rows} rows and more, as `torch.nn` has losses for"
            )
        most = max(counts, key=lambda name: counts[name])
        rare = [n for n, k in counts.items() if k < self.rare * counts[most]]
        if not rare:
            return None
        recalls = _recalls(run)
        simple = not recalls and not run.signals
        if simple:
            recalls = _by_simple(run)
        found = list(self._neglected(run, counts, most, rare, recalls))
        if found:
            by = " by a simple model" if simple else ""
            return self._said(found, most, recalls[most], len(counts), by)
        if not recalls and (said := self._behind_accuracy(run, counts, rare)):
            return said
        scarcest = min(rare, key=lambda name: counts[name])
        if counts[scarcest] >= self.very_rare * counts[most]:
            return None
        share = counts[scarcest] / sum(counts.values())
        known = "" if scarcest in recalls else "; its recall was not seen"
        return self.finding(
            f"class {scarcest} is {100 * share:.2g} % of the training rows{known}",
            severity=Severity.NOTE,
            confidence=0.5,
            where=[scarcest],
        )

    def _behind_accuracy(
        self, run: Run, counts: dict[str, int], rare: list[str]
    ) -> Finding | None:
        """Where recalls are not known: whether their mean is far below the accuracy."""
        for phase in ("val", "train"):
            even = _late(run.get(f"{phase}/balanced_accuracy"))
            plain = _late(run.get(f"{phase}/accuracy"))
            if even is None or plain is None or plain - even < self.behind:
                continue
            share = 100 * min(counts[n] for n in rare) / sum(counts.values())
            return self.finding(
                f"the accuracy is {plain:.3g}, and the mean recall of the classes "
                f"{even:.3g}: classes of {share:.2g} % of the rows are passed over",
                confidence=0.8,
                where=rare,
                evidence=[
                    Evidence(
                        text="mean recall of the classes",
                        signal=f"{phase}/balanced_accuracy",
                        value=even,
                    )
                ],
            )
        return None

    def _neglected(
        self,
        run: Run,
        counts: dict[str, int],
        most: str,
        rare: list[str],
        recalls: dict[str, float],
    ) -> Iterator[Neglected]:
        total = sum(counts.values())
        for name in rare:
            if name not in recalls or most not in recalls:
                continue
            seen = _seen(run, name, counts[name] / total)
            chance = sqrt(0.25 / seen)
            if recalls[name] + chance < self.neglected * recalls[most]:
                yield Neglected(name, counts[name] / total, recalls[name])

    def _said(
        self, found: list[Neglected], most: str, recall: float, classes: int, by: str
    ) -> Finding:
        worst = min(found, key=lambda n: n.recall or 0.0)
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return self.finding(
            f"class {worst.name}{more} is {100 * worst.share:.2g} % of the training "
            f"rows, and only {100 * (worst.recall or 0.0):.2g} % of it is recognised"
            f"{by} ({100 * recall:.3g} % of class {most})",
            severity=self.severity if classes <= self.most else Severity.NOTE,
            confidence=0.9,
            where=[n.name for n in found],
            evidence=[
                Evidence(
                    text=f"recall of class {n.name}, {100 * n.share:.2g} % of the rows",
                    signal=None if by else f"val/recall@{n.name}",
                    value=n.recall,
                )
                for n in found
            ],
        )


def _seen(run: Run, name: str, share: float) -> float:
    """How many rows of the class its recall was counted over."""
    judged = run.facts.get("data", {}).get("recalls", {}).get(name)
    if judged and not run.signals:
        return max(1.0, float(judged["rows"]))
    return max(1.0, results.rows_of(run, "val/") * share)


def _by_simple(run: Run) -> dict[str, float]:
    """Class → the recall of simple models, out of fold, where data were inspected."""
    said = run.facts.get("data", {}).get("recalls", {})
    return {str(name): float(one["recall"]) for name, one in said.items()}


def _late(signal: Signal | None) -> float | None:
    if signal is None or not len(known := signal.finite()):
        return None
    return float(np.median(known.values[-max(3, len(known) // 5) :]))


def _recalls(run: Run) -> dict[str, float]:
    """The recall of each class at the end: the best of the last three evaluations."""
    return {
        name: float(finite.values[-3:].max())
        for name, signal in run.at("val/recall").items()
        if len(finite := signal.finite())
    }
