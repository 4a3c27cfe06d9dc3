"""What to try: changes for what was found in a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.plan import Change
from wellfit.core.run import Run
from wellfit.remedies.plans import acts
from wellfit.trials.experience import Experience, chance

GENERAL = (
    "find-learning-rate",
    "switch-optimizer",
    "train-longer",
    "standardize-inputs",
    "insert-normalization",
    "reinitialize",
    "relax-regularization",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A change, the rule whose finding it may help against, and what it touches.

    The rule of one that is tried whatever was found is empty.
    """

    change: Change
    rule: str
    touches: frozenset[str]


def treatable(diagnosis: Diagnosis) -> tuple[Finding, ...]:
    """The findings that are worth a trial: warnings and worse."""
    least = Severity.WARNING.rank
    return tuple(f for f in diagnosis.findings if f.severity.rank >= least)


def proposals_for(
    run: Run, diagnosis: Diagnosis, known: Sequence[Experience] = ()
) -> tuple[Proposal, ...]:
    """What remedies propose, the most promising first, each change once.

    Of those that have an act for what was trained, in the order of the findings, and of
    the remedies of each, as far as what is `known` of them bears it out (`chance`);
    what a remedy would try second comes after all that others would try first.
    """
    found: dict[str, tuple[int, Proposal]] = {}
    for finding in treatable(diagnosis):
        for name in finding.remedies:
            kind = acts().get(name)
            if kind is None or not kind.suits(run):
                continue
            for place, remedy in enumerate(kind.proposals(run, finding)):
                proposal = Proposal(
                    change=remedy.change,
                    rule=finding.rule,
                    touches=frozenset(kind.touches),
                )
                found.setdefault(proposal.change.id, (place, proposal))
    ordered = sorted(found.values(), key=lambda one: one[0])  # a stable sort
    return _ranked(ordered, known)


def general(run: Run, known: Sequence[Experience] = ()) -> tuple[Proposal, ...]:
    """What often helps a training by gradients, whatever rules make of it.

    The first proposal of each of a few remedies, by what is `known` of them: where a
    fault is none that a rule knows, or none that was measured, it may still be one that
    they undo.
    """
    if run.get("train/learning_rate") is None:
        return ()
    unknown = Finding(rule="", severity=Severity.NOTE, confidence=0.0, summary="")
    kinds = [kind for name in GENERAL if (kind := acts()[name]).suits(run)]
    found = [
        Proposal(change=one.change, rule="", touches=frozenset(kind.touches))
        for kind in kinds
        for one in kind.proposals(run, unknown)[:1]
    ]
    return _ranked([(0, one) for one in found], known)


def _ranked(
    ordered: Sequence[tuple[int, Proposal]], known: Sequence[Experience]
) -> tuple[Proposal, ...]:
    """Those of the same place by their chance to help."""
    ranked = [
        (place, -_chance(proposal, at, known), proposal)
        for at, (place, proposal) in enumerate(ordered)
    ]
    return tuple(one[-1] for one in sorted(ranked, key=lambda one: one[:2]))


def _chance(proposal: Proposal, at: int, known: Sequence[Experience]) -> float:
    named = proposal.rule, proposal.change.change
    return chance(at, [one for one in known if (one.rule, one.remedy) == named])
