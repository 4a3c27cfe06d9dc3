"""What to try: changes for what was found in a run."""

from dataclasses import dataclass

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.plan import Change
from wellfit.core.run import Run
from wellfit.remedies.plans import acts


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A change, the rule whose finding it may help against, and what it touches."""

    change: Change
    rule: str
    touches: frozenset[str]


def treatable(diagnosis: Diagnosis) -> tuple[Finding, ...]:
    """The findings that are worth a trial: warnings and worse."""
    least = Severity.WARNING.rank
    return tuple(f for f in diagnosis.findings if f.severity.rank >= least)


def proposals_for(run: Run, diagnosis: Diagnosis) -> tuple[Proposal, ...]:
    """What remedies propose, the most promising first, each change once.

    In the order of the findings, and of the remedies of each; what a remedy would try
    second comes after all that others would try first.
    """
    found: dict[str, tuple[int, Proposal]] = {}
    for finding in treatable(diagnosis):
        for name in finding.remedies:
            kind = acts().get(name)
            if kind is None:
                continue
            for place, remedy in enumerate(kind.proposals(run, finding)):
                proposal = Proposal(
                    change=remedy.change,
                    rule=finding.rule,
                    touches=frozenset(kind.touches),
                )
                found.setdefault(proposal.change.id, (place, proposal))
    ordered = sorted(found.values(), key=lambda one: one[0])  # a stable sort
    return tuple(proposal for _, proposal in ordered)
