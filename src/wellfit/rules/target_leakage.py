"""target-leakage"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetLeakage(Rule):
    """A column gives the answer away.

    ## What it looks at
    What each column alone tells of the target, out of fold, on a scale from 0 (nothing)
    to 1 (all); and how far it stands above the columns next to it. Identifiers count as
    columns; of data that nothing was trained on, so does the place of a row.

    ## Why it hurts
    A column that is made from the target, or after it, is not there when the model is
    needed. Every score with it is a lie.

    ## Example
    >>> scores = {"age": 0.6, "fare": 0.65, "sex": 0.77, "alive": 1.0}
    >>> columns = [{"name": n, "score": s, "score_metric": "auc"}
    ...            for n, s in scores.items()]
    >>> run = Run.of(facts={"data": {"rows": 890, "columns": columns}})
    >>> print(TargetLeakage().check(run).summary)
    alive alone predicts the target (auc 1); the next best column has 0.77

    ## How it is told from its look-alikes
    Easy problems have several good columns, and a leak stands alone: far above the
    rest. Where many columns are nearly perfect, or rows are few, it is a note.

    ## What helps
    `drop-leaking-features`, after a look at how the column came to be; `resplit-data`
    where rows that are sorted by the target were cut.

    ## When it is wrong
    A law of nature: a target that really is a function of one column.

    ## References
    Kaufman et al. (2012), Leakage in data mining: formulation, detection, and
    avoidance; Kapoor and Narayanan (2023), Leakage and the reproducibility crisis.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("drop-leaking-features", "resplit-data")

    perfect: float = 0.97  # of what can be told. Best single columns of 20 honest
    # tables: 0.95 (breast cancer), 0.93 (banknotes), 0.88 (diamonds)
    apart: float = 0.9  # below which the next column must stay
    strong: float = 0.85  # of what can be told, worth a note where the next column
    weak: float = 0.5  # tells less than this
    stark: float = 0.95  # of what can be told, by a column that stands as much alone
    few: int = 3  # columns that may leak together
    rows: int = 100  # fewer are too easily told apart

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding on columns that tell all, or nearly all."""
        data = run.facts["data"]
        scored = [c for c in data.get("columns", ()) if c.get("score") is not None]
        if len(scored) < 2:
            return NotChecked(
                reason="fewer than 2 columns were scored on the target: that takes "
                "numbers in columns, and a target for each row"
            )
        ranked = sorted(scored, key=lambda c: -_told(c))
        perfect = [c for c in ranked if _told(c) >= self.perfect]
        best = _told(ranked[0])
        lonely = best >= self.strong and _told(ranked[1]) < self.weak
        leaks = perfect or (ranked[:1] if lonely else [])
        if not leaks:
            return self._sorted(data)
        rest = ranked[len(leaks) :]
        alone = len(leaks) <= min(self.few, len(rest)) and _told(rest[0]) < self.apart
        sure = bool(perfect) or best >= self.stark
        certain = sure and alone and data.get("rows", 0) >= self.rows
        return self._found(leaks, rest, certain)

    def _sorted(self, data: Mapping[str, Any]) -> Finding | None:
        """A note where the rows are sorted by the target: a cut is no random split."""
        order = data.get("order")
        if not order or _told(order) < self.strong:
            return None
        told = f"{order['score_metric']} {order['score']:.3g}"
        return self.finding(
            f"the place of a row in the table tells its target ({told}): the rows are "
            "sorted by it, or follow each other; shuffle them before a split, or split "
            "by time",
            severity=Severity.NOTE,
            confidence=0.8,
            evidence=[
                Evidence(text="score of the place alone", value=float(order["score"]))
            ],
        )

    def _found(self, leaks: list[Any], rest: list[Any], certain: bool) -> Finding:
        named = ", ".join(str(c["name"]) for c in leaks[: self.few])
        more = f" and {len(leaks) - self.few} more" if len(leaks) > self.few else ""
        best = leaks[0]
        told = f"{best.get('score_metric', 'score')} {best['score']:.4g}"
        verb = "predicts" if len(leaks) == 1 else "each predict"
        after = f"; the next best column has {rest[0]['score']:.2g}" if rest else ""
        return self.finding(
            f"{named}{more} alone {verb} the target ({told}){after}",
            severity=self.severity if certain else Severity.NOTE,
            confidence=0.9 if certain else 0.4,
            where=[str(c["name"]) for c in leaks],
            evidence=[
                Evidence(text=f"score of {c['name']} alone", value=float(c["score"]))
                for c in [*leaks, *rest[:3]]
            ],
        )


def _told(column: Mapping[str, Any]) -> float:
    """From 0, nothing, to 1, all: of an AUC, what it has above one half."""
    score = float(column["score"])
    halved = "auc" in str(column.get("score_metric", "")).lower()
    return max(0.0, 2 * score - 1 if halved else score)
