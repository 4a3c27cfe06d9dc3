"""duplicate-rows"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.lacking import POOR
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateRows(Rule):
    """Rows come more than once.

    ## What it looks at
    How many rows repeat an earlier one in all columns, or in all but for rounding and
    case; columns that number the rows are left out. Of texts and images, which files
    have the same content, or nearly the same.

    ## Why it hurts
    A random split puts copies on both sides, and the score is that of a memory. Rows
    that came twice weigh twice.

    ## Example
    >>> repeated = {"rows": 1000, "columns": 8, "repeated": 120, "copies": 118}
    >>> run = Run.of(facts={"data": {"rows": 1000, "duplicates": repeated}})
    >>> print(DuplicateRows().check(run).summary)
    120 of 1,000 rows (12 %) repeat an earlier one

    ## How it is told from its look-alikes
    Where columns have few values, rows are equal by chance: rows that agree in all
    columns but one show how many. Only what is above that counts as copied. A few
    copies in a large table are a note.

    ## What helps
    `drop-duplicates` before the split; `resplit-data` with all copies on one side,
    where they mean something.

    ## When it is wrong
    Events that do happen twice alike, in tables without a time or a name.

    ## References
    Barz and Denzler (2020), Do we train on test data?; Lee et al. (2022),
    Deduplicating training data makes language models better.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("drop-duplicates", "resplit-data")

    share: float = 0.01  # of the rows: a fifth of them reach validation, and move an
    # accuracy by 0.2 points at most
    least: int = 5  # copies: fewer are a note
    surplus: float = 0.5  # of the repeated rows, that chance does not explain

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where many rows are copies, a note where some are."""
        found = run.facts["data"].get("duplicates")
        if not found:
            return NotChecked(reason=_unknown(run))
        copies, near = found.get("copies", 0), found.get("near", 0)
        repeated, rows = found.get("repeated", 0), max(1, found["rows"])
        if copies < self.surplus * repeated:
            copies = 0
        if copies + near < 1:
            return None
        much = copies + near >= max(self.least, self.share * rows)
        return self.finding(
            _sentence(found, repeated if copies else 0, near, rows),
            severity=self.severity if much else Severity.NOTE,
            confidence=0.9 if much else 0.6,
            evidence=_evidence(found),
        )


def _sentence(found: Mapping[str, Any], exact: int, near: int, rows: int) -> str:
    what = found.get("unit", "rows")
    said = []
    if exact:
        about = "about " if found.get("pairs") else ""
        said.append(
            f"{about}{exact:,} of {rows:,} {what} ({100 * exact / rows:.3g} %) repeat "
            "an earlier one"
        )
    if near:
        said.append(
            f"{near:,} {'more ' if exact else ''}{what} nearly repeat an earlier one"
            + ("" if exact else f" ({100 * near / rows:.3g} % of {rows:,})")
        )
    return " and ".join(said)


def _evidence(found: Mapping[str, Any]) -> Iterator[Evidence]:
    if found.get("pairs"):
        yield Evidence(
            text=f"pairs of equal rows of a batch, among the {found['sampled']:,} rows "
            "that were looked at",
            value=float(found["pairs"]),
        )
    for key, text in (
        ("copies", "copied, beyond those that are equal by chance"),
        ("near", "nearly equal: to rounding, in case, or resized"),
        ("conflicting", "equal in all but the target"),
        ("across", "of these, under another class than their copy"),
    ):
        if found.get(key):
            yield Evidence(text=text, value=float(found[key]))
    for pair in found.get("examples", ())[:3]:
        yield Evidence(text="the same: " + " and ".join(_place(p) for p in pair))


def _unknown(run: Run) -> str:
    if run.facts["data"].get("poor"):
        return POOR
    if run.signals:
        return (
            "rows were not compared with each other: that takes batches of a "
            "DataLoader, or of `torch.randperm`, in which each row comes once an epoch"
        )
    return "rows were not compared with each other: that takes two columns that vary"


def _place(place: Any) -> str:
    return f"row {place}" if isinstance(place, int) else str(place)
