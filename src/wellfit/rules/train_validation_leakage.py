"""train-validation-leakage"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.lacking import lacking_validation
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainValidationLeakage(Rule):
    """Validation has seen training: rows, groups or times stand on both sides.

    ## What it looks at
    Rows of validation that are in training too, whatever their target: exactly, or but
    for rounding and case; and, where it is said which column names groups or times,
    groups on both sides and rows of validation that lie before the end of training.

    ## Why it hurts
    What was learnt by heart counts as understood. The score promises what new data
    will not keep.

    ## Example
    >>> shared = {"training": 800, "validation": 200, "shared": 40, "copies": 40,
    ...           "near": 0}
    >>> run = Run.of(facts={"data": {"rows": 800, "overlap": shared}})
    >>> print(TrainValidationLeakage().check(run).summary)
    40 of 200 validation rows (20 %) are in the training rows too

    ## How it is told from its look-alikes
    Rows of few values meet their like by chance; rows that agree in all columns but one
    tell how often, and only what is above that counts. Groups that were guessed from a
    column's name are a note: only their owner knows whether they matter.

    ## What helps
    `resplit-data`, by group or by time where there are any; `drop-duplicates` before
    the split, where rows come more than once.

    ## When it is wrong
    Validation that asks for known groups on purpose: known users, new days.

    ## References
    Kapoor and Narayanan (2023), Leakage and the reproducibility crisis in
    machine-learning-based science; Elangovan et al. (2021), Memorization vs.
    generalization.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("resplit-data", "drop-duplicates")

    share: float = 0.01  # of the validation rows: moves an accuracy by a point at most
    least: int = 3  # rows; fewer are a note
    surplus: float = 0.5  # of the rows on both sides, that chance does not explain
    grave: float = 0.2  # of the validation rows: the score is worth nothing

    def check(self, run: Run) -> Finding | NotChecked | None:
        """The gravest of shared rows, shared groups and mixed times."""
        found = run.facts["data"].get("overlap")
        if not found or not found.get("validation"):
            return NotChecked(reason=lacking_validation(run))
        said = [*self._rows(found), *self._groups(found), *self._times(found)]
        return max(said, key=lambda f: (f.severity.rank, f.confidence), default=None)

    def _rows(self, found: Mapping[str, Any]) -> Iterator[Finding]:
        shared, copies = found.get("shared", 0), found.get("copies", 0)
        near, rows = found.get("near", 0), found["validation"]
        if copies < self.surplus * shared:
            shared = copies = 0
        if copies + near < 1:
            return
        said = []
        if shared:
            what = found.get("unit", "rows")
            said.append(
                f"{shared:,} of {rows:,} validation {what} ({100 * shared / rows:.3g} "
                f"%) are in the training {what} too"
            )
        if near:
            said.append(f"{near:,} {'more ' if shared else ''}nearly are")
        evidence = [
            Evidence(text="on both sides, beyond chance", value=float(copies)),
            Evidence(text="nearly so: but for rounding and case", value=float(near)),
        ]
        examples = found.get("examples", ())[:3]
        evidence += [Evidence(text=f"one of them: {_place(p)}") for p in examples]
        of = found.get("of")
        if of and found["training"] < of:
            said[-1] += f", of which {found['training']:,} of {of:,} were compared"
        yield self._said(" and ".join(said), copies + near, rows, evidence, sure=True)

    def _groups(self, found: Mapping[str, Any]) -> Iterator[Finding]:
        for group in found.get("groups", ()):
            if group["rows"] < 1:
                continue
            yield self._said(
                f"{group['rows']:,} of {found['validation']:,} validation rows belong "
                f"to {group['groups']:,} values of {group['name']} that training has "
                "rows of",
                group["rows"],
                found["validation"],
                [Evidence(text="rows of shared groups", value=float(group["rows"]))],
                sure=bool(group.get("named")),
                where=(group["name"],),
            )

    def _times(self, found: Mapping[str, Any]) -> Iterator[Finding]:
        time = found.get("time")
        if not time or time["rows"] < 1:
            return
        yield self._said(
            f"{time['rows']:,} of {time['known']:,} validation rows are not later "
            f"({time['name']}) than the last training row",
            time["rows"],
            max(1, time["known"]),
            [Evidence(text="rows within training's time", value=float(time["rows"]))],
            sure=True,
            where=(time["name"],),
        )

    def _said(
        self,
        summary: str,
        count: int,
        of: int,
        evidence: list[Evidence],
        *,
        sure: bool,
        where: tuple[str, ...] = (),
    ) -> Finding:
        much = count >= max(self.least, self.share * of)
        severity = Severity.CRITICAL if count >= self.grave * of else self.severity
        return self.finding(
            summary,
            severity=severity if much and sure else Severity.NOTE,
            confidence=0.9 if much and sure else 0.5,
            where=where,
            evidence=evidence,
        )


def _place(place: Any) -> str:
    return f"validation row {place}" if isinstance(place, int) else str(place)
