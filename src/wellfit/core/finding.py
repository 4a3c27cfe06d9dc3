"""What a rule says of a run: a Finding, or NotChecked; and all of it: a Diagnosis."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from wellfit.core.checklist import Item

SCHEMA = 1  # of the JSON below; docs/json.md

# "Healthy" is said only where these families of rules have spoken: one rule of each
# must have been checked.
COVERAGE: Mapping[str, tuple[str, ...]] = {
    "overfitting": ("overfitting",),
    "learning": ("underfitting", "constant-predictions"),
    "gradients": ("vanishing-gradients", "exploding-gradients"),
    "finite values": ("non-finite-values",),
}


def coverage_of(model: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """What must be checked of a model, by the fact `model`.

    Boosted trees, say, have no gradients that could vanish on their way to a layer.
    """
    if model.get("gradients", True):
        return COVERAGE
    return {area: rules for area, rules in COVERAGE.items() if area != "gradients"}


class Severity(StrEnum):
    """How bad a finding is: `note` < `warning` < `critical`."""

    NOTE = "note"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0, 1 or 2: the worse, the higher."""
        return list(Severity).index(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One observation behind a finding: a value of a signal, or a fact, in words."""

    text: str
    signal: str | None = None
    step: int | None = None
    value: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What is wrong, in one sentence with numbers, and what supports it.

    `confidence` is the probability that the problem is real; `where` names
    parameters, modules, classes or columns; `since` is the step from which on it
    shows; `causes` names the rules whose findings explain this one, and `because` says
    why it is ranked where it is.
    """

    rule: str
    severity: Severity
    confidence: float
    summary: str
    where: tuple[str, ...] = ()
    since: int | None = None
    evidence: tuple[Evidence, ...] = ()
    causes: tuple[str, ...] = ()
    because: str = ""
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NotChecked:
    """A rule could not judge this run; `reason` says why and what would let it."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """Everything that the rules said of one run, most probable root cause first.

    `coverage` is what must have been checked before it is called healthy. A diagnosis
    that `check` made has a `checklist` too: its boxes are filled from what the rules
    said and from what was tried, so that the two belong together.
    """

    findings: tuple[Finding, ...] = ()
    not_checked: Mapping[str, NotChecked] = field(default_factory=dict)
    passed: tuple[str, ...] = ()
    run: Path | None = None
    script_exit: int | None = None
    coverage: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: COVERAGE)
    checklist: tuple[Item, ...] = ()

    @property
    def worst(self) -> Severity | None:
        """The highest severity found, or None."""
        return max((f.severity for f in self.findings), key=_rank, default=None)

    @property
    def healthy(self) -> bool | None:
        """False with a warning or worse; else True if enough was checked, or None."""
        if self.worst is not None and self.worst.rank >= Severity.WARNING.rank:
            return False
        judged = {*self.passed, *(f.rule for f in self.findings)}
        covered = all(judged.intersection(rules) for rules in self.coverage.values())
        return True if covered else None

    def to_json(self) -> dict[str, Any]:
        """The diagnosis as plain data, in the form that docs/json.md pins."""
        return {
            "schema": SCHEMA,
            "run": None if self.run is None else str(self.run),
            "script_exit": self.script_exit,
            "healthy": self.healthy,
            "findings": [_finding_json(f) for f in self.findings],
            "not_checked": [
                {"rule": rule, "reason": said.reason}
                for rule, said in self.not_checked.items()
            ],
            **(
                {"checklist": [i.to_json() for i in self.checklist]}
                if self.checklist
                else {}
            ),
        }


def _rank(severity: Severity) -> int:
    return severity.rank


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "confidence": finding.confidence,
        "summary": finding.summary,
        "where": list(finding.where),
        "since": finding.since,
        "evidence": [
            {"signal": e.signal, "step": e.step, "value": e.value, "text": e.text}
            for e in finding.evidence
        ],
        "causes": list(finding.causes),
        "because": finding.because,
        "remedies": list(finding.remedies),
    }
