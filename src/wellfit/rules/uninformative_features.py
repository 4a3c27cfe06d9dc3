"""uninformative-features"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class UninformativeFeatures(Rule):
    """Columns tell nothing: the same in every row, copies of others, names of rows.

    ## What it looks at
    Columns with one value, or nearly; columns that say what an earlier one says, in the
    same or in other words (2 for "two", inches for centimetres); columns that are
    different in every row.

    ## Why it hurts
    Names of rows are learnt by heart. Of two equal columns each gets half of the
    weight, so that importances mislead. The rest costs time, and hides what counts.

    ## Example
    >>> dull = {"columns": 8, "constant": ["unit"], "copies": {"cm": "inch"},
    ...         "identifiers": ["id"]}
    >>> run = Run.of(facts={"data": {"rows": 900, "uninformative": dull}})
    >>> print(UninformativeFeatures().check(run).summary)
    3 of 8 columns tell nothing of their own: unit is constant, cm says what inch says,
    id names the rows

    ## How it is told from its look-alikes
    Some such columns are in most tables, and in pictures the corners are dark: they are
    a note. It is a warning where they are a quarter of the columns, or more.

    ## What helps
    `select-features`; `drop-leaking-features` where a name tells of the target.

    ## When it is wrong
    Columns that are constant in these rows only, and will not be.

    ## References
    Guyon and Elisseeff (2003), An introduction to variable and feature selection.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("select-features", "drop-leaking-features")

    share: float = 0.25  # of the columns. Of 19 public tables the most have a tenth:
    # oil-spill, yeast, digits
    least: int = 2  # columns
    shown: int = 4  # columns named in the sentence

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where a quarter of the columns tell nothing, else a note."""
        found = run.facts["data"].get("uninformative")
        if not found:
            return NotChecked(reason="the columns were not compared with each other")
        dull = _dull(found)
        if not dull:
            return None
        many = len(dull) >= max(self.least, self.share * found["columns"])
        if run.signals and not many:  # a training minds as little as it can
            return None
        named = list(dull.items())
        left = len(named) - self.shown
        said = ", ".join(f"{name} {why}" for name, why in named[: self.shown])
        tell = "tells nothing of its" if len(dull) == 1 else "tell nothing of their"
        return self.finding(
            f"{len(dull)} of {found['columns']} columns {tell} own: {said}"
            + (f" and {left} more" if left > 0 else ""),
            severity=self.severity if many else Severity.NOTE,
            confidence=0.9,
            where=list(dull),
            evidence=_evidence(found),
        )


def _dull(found: Mapping[str, Any]) -> dict[str, str]:
    """Column → why it tells nothing, each once."""
    said = {str(n): "is constant" for n in found.get("constant", ())}
    said |= {n: f"says what {of} says" for n, of in found.get("copies", {}).items()}
    for name in found.get("identifiers", ()):
        said.setdefault(str(name), "names the rows")
    for name, share in found.get("nearly_constant", {}).items():
        said.setdefault(name, f"is the same in {_percent(share)} % of the rows")
    return said


def _percent(share: float) -> str:
    return f"{100 * min(share, 0.99999):.5g}"


def _evidence(found: Mapping[str, Any]) -> Iterator[Evidence]:
    for key, what in (
        ("constant", "constant columns"),
        ("copies", "columns that repeat another"),
        ("identifiers", "columns that name the rows"),
        ("nearly_constant", "columns that are nearly constant"),
    ):
        if found.get(key):
            names = ", ".join(map(str, list(found[key])[:10]))
            yield Evidence(text=f"{what}: {names}", value=float(len(found[key])))
