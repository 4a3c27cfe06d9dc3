"""train-validation-shift"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.lacking import lacking_validation
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainValidationShift(Rule):
    """Validation is not like training: the two are drawn from different sources.

    ## What it looks at
    How well a forest tells rows of the two parts apart, out of fold (0.5 is not at
    all); and by column a test of values and of gaps, with false discoveries held to
    1 %, and how large the difference is, from 0 to 1.

    ## Why it hurts
    The score is of other data than the model learnt from, or will meet.

    ## Example
    >>> income = {"name": "income", "what": "values", "effect": 0.41, "p": 1e-30,
    ...           "training": 31000.0, "validation": 47000.0}
    >>> shift = {"rows": [4000, 1000], "tested": 12, "columns": [income], "auc": 0.83,
    ...          "auc_low": 0.81}
    >>> run = Run.of(facts={"data": {"rows": 4000, "shift": shift}})
    >>> print(TrainValidationShift().check(run).summary)
    a forest tells training and validation rows apart (AUC 0.83); most of all income
    differs (median 3.1e+04 and 4.7e+04)

    ## How it is told from its look-alikes
    Of a million rows any difference is significant: what counts is its size. Dates, and
    columns that number the rows, must differ between parts that were not mixed, and are
    left out. Small shifts are a note.

    ## What helps
    `resplit-data` where the rows could be mixed; `clean-values` where a part is written
    in another way; `retrain` where the world has changed.

    ## When it is wrong
    A split by time, of a world that moves: the shift is real, and the score is honest.

    ## References
    Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests; Rabanser et al.
    (2019), Failing loudly; Benjamini and Yekutieli (2001), for many tests at once.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("resplit-data", "clean-values", "retrain")

    apart: float = 0.65  # an AUC whose 99 % interval is above: Cohen's d of 0.55, a
    # medium effect
    slight: float = 0.55  # worth a note: a small one (d of 0.18)
    effect: float = 0.2  # of one column: a fifth of its rows would have to change
    little: float = 0.1  # worth a note

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where the parts differ much, a note where a little."""
        found = run.facts["data"].get("shift")
        if not found and run.signals and run.facts["data"].get("overlap"):
            return NotChecked(
                reason="no row was trained on twice: what is augmented, or drawn anew, "
                "need not be like validation; rows as they are could be compared"
            )
        if not found:
            return NotChecked(reason=lacking_validation(run))
        if found.get("lacking"):
            return NotChecked(reason=f"too few to compare: {found['lacking']}")
        columns = [c for c in found.get("columns", ()) if c["effect"] >= self.little]
        auc, low = found.get("auc") or 0.5, found.get("auc_low") or 0.5
        most = max((c["effect"] for c in columns), default=0.0)
        if low < self.slight and not columns:
            return None
        much = low >= self.apart or most >= self.effect
        return self.finding(
            _sentence(columns, auc, told=low >= self.slight),
            severity=self.severity if much else Severity.NOTE,
            confidence=0.9 if low >= self.apart else 0.7 if much else 0.5,
            where=[str(c["name"]) for c in columns],
            evidence=_evidence(found, columns),
        )


def _sentence(columns: list[Any], auc: float, *, told: bool) -> str:
    said = []
    if told:
        said.append(
            f"a forest tells training and validation rows apart (AUC {auc:.2g})"
        )
    if columns:
        worst = columns[0]
        lead = "most of all " if told else ""
        more = f" and {len(columns) - 1} more columns" if len(columns) > 1 else ""
        differ = "differ" if more else "differs"
        said.append(f"{lead}{worst['name']}{more} {differ} ({_how(worst)})")
    return "; ".join(said)


def _how(column: Mapping[str, Any]) -> str:
    if column["what"] == "gaps":
        one, other = (100 * column[k] for k in ("training", "validation"))
        return f"missing in {one:.2g} % and {other:.2g} %"
    if "training" in column:
        return f"median {column['training']:.3g} and {column['validation']:.3g}"
    if column.get("new", 0.0) >= column["effect"] / 2:
        return f"{100 * column['new']:.2g} % of the values are new"
    return f"{100 * column['effect']:.2g} % of the rows would have to change"


def _evidence(found: Mapping[str, Any], columns: list[Any]) -> Iterator[Evidence]:
    if found.get("auc") is not None:
        rows = " and ".join(f"{n:,}" for n in found.get("learnt", found["rows"]))
        yield Evidence(text=f"AUC, out of fold, of {rows} rows", value=found["auc"])
    for column in columns[:10]:
        yield Evidence(
            text=f"{column['name']}: {_how(column)}; effect", value=column["effect"]
        )
