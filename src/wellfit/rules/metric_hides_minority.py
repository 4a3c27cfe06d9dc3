"""metric-hides-minority"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import results
from wellfit.rules.rule import Rule


class Hidden(NamedTuple):
    """A class that the accuracy hides: its share of all rows, and its recall."""

    name: str
    share: float
    recall: float
    rows: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricHidesMinority(Rule):
    """The accuracy looks good, and a class is as good as never recognised.

    ## What it looks at
    The accuracy on validation rows, and the recall of each class on the same rows. It
    is said where the first is good, the other classes are told well, and a
    class that is not even rare has next to no recall.

    ## Why it hurts
    Accuracy counts rows, so that a small class weighs little in it. Whoever watches it
    alone keeps, tunes and ships a model that cannot tell that class at all.

    ## Example
    >>> facts = {"objective": {"targets": {"counts": {"0": 450, "1": 400, "2": 150}}}}
    >>> run = Run.of({"val/recall@0": [0.9] * 3, "val/recall@1": [0.92] * 3,
    ...               "val/recall@2": [0.02] * 3, "val/accuracy": [0.78] * 3},
    ...              facts=facts)
    >>> print(MetricHidesMinority().check(run).summary)
    the accuracy is 0.78, but of class 2 (15 % of the rows) only 2 % is recognised: the
    mean recall of the classes is 0.61

    ## How it is told from its look-alikes
    `class-imbalance` is about the rows that are trained on: where classes are rare
    there and passed over, it says so, and this is a note. A model that is poor at
    everything is `underfitting`. Recalls counted over few rows get the benefit of the
    doubt, as does a class that no class is told from.

    ## What helps
    Watching the mean recall of the classes (balanced accuracy) or F1 instead;
    `tune-threshold`, `weight-classes`, `oversample-minority`, `focus-loss` to raise it.

    ## When it is wrong
    Where missing that class costs nothing, and was meant.

    ## References
    Brodersen et al. (2010), The balanced accuracy and its posterior distribution.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("val/accuracy", "val/recall@*")
    remedies: ClassVar = (
        "tune-threshold",
        "weight-classes",
        "oversample-minority",
        "focus-loss",
    )

    recall: float = 0.25  # of a class, at most: three of four are missed
    others: float = 0.6  # the mean recall of the other classes: they are told well
    accuracy: float = 0.7  # that looks good to who watches it
    rare: float = 0.25  # of what the commonest class has: `class-imbalance` says it;
    # of letters or words, rare ones are known to be missed
    rows: float = 8.0  # of the class, evaluated: fewer do not show what its recall is
    sigmas: float = 2.0

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where a good accuracy stands beside a class without recall."""
        counts = results.class_counts(run)
        recalls = {
            n: v
            for n, s in run.at("val/recall").items()
            if (v := _best(s.finite().values)) is not None
        }
        accuracy = _middle(run.signal("val/accuracy").finite().values)
        if accuracy is None or len(recalls) < 2 or not counts:
            return NotChecked(
                reason="the recall of the classes is not known: evaluate with a loss "
                "of `torch.nn` that is given logits and class labels"
            )
        if accuracy < self.accuracy:
            return None
        hidden = self._hidden(run, counts, recalls)
        rest = [r for n, r in recalls.items() if n not in {h.name for h in hidden}]
        if not hidden or not rest or np.mean(rest) < self.others:
            return None
        return self._said(run, counts, recalls, hidden, accuracy)

    def _hidden(
        self, run: Run, counts: Mapping[str, int], recalls: Mapping[str, float]
    ) -> list[Hidden]:
        evaluated = results.rows_of(run, "val/")
        shares = _shares(run, counts)
        found = []
        for name, recall in recalls.items():
            rows = shares.get(name, 0.0) * evaluated
            if rows < self.rows or name == max(shares, key=lambda n: shares[n]):
                continue
            if recall + self.sigmas * sqrt(recall * (1 - recall) / rows) <= self.recall:
                found.append(Hidden(name, shares[name], recall, rows))
        return sorted(found, key=lambda h: (h.recall, h.name))

    def _said(
        self,
        run: Run,
        counts: Mapping[str, int],
        recalls: Mapping[str, float],
        hidden: list[Hidden],
        accuracy: float,
    ) -> Finding:
        worst, even = hidden[0], float(np.mean(list(recalls.values())))
        more = f" and {len(hidden) - 1} more" if len(hidden) > 1 else ""
        most = max(counts.values())
        known = all(counts.get(h.name, 0) < self.rare * most for h in hidden)
        return self.finding(
            f"the accuracy is {accuracy:.3g}, but of class {worst.name}{more} "
            f"({100 * worst.share:.2g} % of the rows) only {100 * worst.recall:.2g} % "
            f"is recognised: the mean recall of the classes is {even:.2g}",
            severity=Severity.NOTE if known else self.severity,
            confidence=0.9 if worst.rows >= 20 else 0.75,
            where=[h.name for h in hidden],
            evidence=[
                Evidence(
                    text=f"recall of class {h.name}, of about {h.rows:.0f} rows",
                    signal=f"val/recall@{h.name}",
                    value=h.recall,
                )
                for h in hidden
            ],
        )


def _shares(run: Run, counts: Mapping[str, int]) -> dict[str, float]:
    """What each class has of the rows that are evaluated, else of those trained on."""
    confusion = run.facts.get("confusion", {}).get("val")
    if confusion:
        rows = {str(k): float(sum(row)) for k, row in enumerate(confusion)}
    else:
        rows = {name: float(number) for name, number in counts.items()}
    return {name: number / sum(rows.values()) for name, number in rows.items()}


def _best(values: "np.typing.NDArray[np.float64]") -> float | None:
    """The best of the last three evaluations: one poor one hides nothing."""
    return float(values[-3:].max()) if len(values) else None


def _middle(values: "np.typing.NDArray[np.float64]") -> float | None:
    return float(np.median(values[-3:])) if len(values) else None
