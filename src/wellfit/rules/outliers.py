"""outliers"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import results
from wellfit.rules.rule import Rule

CODES = (-99, -999, -9999, -99999, 9999, 99999, 999999)  # of missing-values


@dataclass(frozen=True, kw_only=True, slots=True)
class Outliers(Rule):
    """A few values stand apart from all others of their column, and outweigh them.

    ## What it looks at
    By column, the gap between its most extreme values and the rest, against the gaps
    that the column's own tail has; and how much of its variance the few make up.

    ## Why it hurts
    Mean, deviation and squared error belong to the few: once scaled by them, all other
    rows look the same. Mostly such values are slips: a decimal point, a unit.

    ## Example
    >>> far = {"name": "weight", "side": "high", "count": 3, "rows": 2000,
    ...        "from": 7200.0, "next": 118.0, "deviations": 590.0, "of_variance": 0.99}
    >>> run = Run.of(facts={"data": {"rows": 2000, "outliers": [far]}})
    >>> print(Outliers().check(run).summary)
    3 of 2,000 values of weight stand apart: from 7200 on, the next is 118; they make up
    99 % of its variance

    ## How it is told from its look-alikes
    Long tails (incomes, counts, prices) reach far without a gap: each value has others
    near it, on the tail's own scale. Far values that weigh little are a note, and so
    are those of a training that does as well as it could, or of trees. Codes
    that stand for missing are `missing-values`.

    ## What helps
    `clean-values` where they are slips; `clip-outliers` where they are real.

    ## When it is wrong
    Where the rare and extreme is what is looked for: fraud, faults, storms.

    ## References
    Rényi (1953), On the theory of order statistics; Hill (1975), A simple general
    approach to inference about the tail of a distribution.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("clean-values", "clip-outliers")

    far: float = 10.0  # standard deviations of the others: no such value in 10^22 of a
    # normal distribution
    weight: float = 0.5  # of the variance: the few outweigh all the others
    shown: int = 3  # columns named in the sentence

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where the few outweigh the rest, a note where they are only far."""
        data = run.facts["data"]
        if "outliers" not in data:
            return NotChecked(reason="the tails of the columns were not looked at")
        found = [c for c in data["outliers"] if self._counts(c)]
        if not found:
            return None
        found = sorted(found, key=lambda c: -c["of_variance"])
        heavy = [c for c in found if c["of_variance"] >= self.weight]
        minds = not run.signals or (_by_gradients(run) and results.fell_short(run))
        return self.finding(
            self._sentence(heavy or found),
            severity=self.severity if heavy and minds else Severity.NOTE,
            confidence=0.8 if heavy else 0.5,
            where=[str(c["name"]) for c in heavy or found],
            evidence=[
                Evidence(
                    text=f"{c['name']}: {c['side']}est value, {c['count']} of them",
                    value=float(c["values"][0] if c.get("values") else c["from"]),
                )
                for c in found[:10]
            ],
        )

    def _counts(self, column: Mapping[str, Any]) -> bool:
        return column["deviations"] >= self.far and column["from"] not in CODES

    def _sentence(self, found: list[Any]) -> str:
        worst = found[0]
        end = "on" if worst["side"] == "high" else "down"
        others = [str(c["name"]) for c in found[1 : self.shown]]
        more = f"; likewise {', '.join(others)}" if others else ""
        left = len(found) - self.shown
        return (
            f"{worst['count']:,} of {worst['rows']:,} values of {worst['name']} stand "
            f"apart: from {worst['from']:.4g} {end}, the next is {worst['next']:.4g}; "
            f"they make up {100 * worst['of_variance']:.3g} % of its variance"
            f"{more}{f' and {left} more columns' if left > 0 else ''}"
        )


def _by_gradients(run: Run) -> bool:
    """Whether sizes count: trees only ask which value is the greater."""
    return run.facts.get("model", {}).get("gradients") is not False
