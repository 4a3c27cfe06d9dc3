"""What causes what: the order in which findings are most probably the root.

causes.toml has how probable it is that a run with a cause also shows a symptom. A
finding is ranked by the supposition that it is the only root: how often it is one, how
sure it is, and how well it explains every other finding. That is Bayes' rule on a
noisy-or network with one cause (Pearl, 1988), in numbers that are good to one digit.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from math import prod
from typing import Any

from wellfit.core.finding import Finding, Severity
from wellfit.core.words import enumerated

TABLE = "causes.toml"
UNKNOWN = 0.5  # of a rule that the table does not name: a plugin's
UNEXPLAINED = 0.05  # that two findings have nothing to do with each other
EARLIER = 0.3  # of a strength that is left where the symptom came before its cause
SAID = 0.1  # the least strength at which a cause is named


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """Rule → `root`, how often its finding is one, and what it `explains`."""
    text = files("wellfit.core").joinpath(TABLE).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def explains() -> Mapping[str, Mapping[str, float]]:
    """Cause → symptom → how probably a run with the cause shows it."""
    return {cause: said.get("explains", {}) for cause, said in table().items()}


def rank(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, most probable root first, each with the causes that explain it.

    Notes come after all else. A cause is named only if it ranks before its symptom, so
    that causes never go in a circle. `because` says why each stands where it does.
    """
    grave = [f for f in findings if f.severity is not Severity.NOTE]
    scores = {f.rule: _as_root(f, grave) for f in findings}
    ordered = sorted(
        findings,
        key=lambda f: (f.severity is Severity.NOTE, -scores[f.rule], f.rule),
    )
    caused = [
        replace(finding, causes=_causes(finding, ordered[:place], scores))
        for place, finding in enumerate(ordered)
    ]
    return tuple(replace(f, because=_because(f, caused)) for f in caused)


def strength(cause: Finding, symptom: Finding) -> float:
    """How probably a run with the cause shows the symptom, through others or not."""
    found = _reach().get((cause.rule, symptom.rule), 0.0)
    both_known = cause.since is not None and symptom.since is not None
    if both_known and (cause.since or 0) > (symptom.since or 0):
        return EARLIER * found
    return found


def _as_root(finding: Finding, others: Sequence[Finding]) -> float:
    """How well the finding alone accounts for all that was found; not normalised."""
    explained = prod(
        max(strength(finding, other), UNEXPLAINED)
        for other in others
        if other.rule != finding.rule
    )
    root = table()[finding.rule]["root"] if finding.rule in table() else UNKNOWN
    return root * finding.confidence * explained


def _causes(
    finding: Finding, before: Sequence[Finding], scores: Mapping[str, float]
) -> tuple[str, ...]:
    strengths = {c.rule: strength(c, finding) for c in before}
    named = [rule for rule, value in strengths.items() if value >= SAID]
    return tuple(sorted(named, key=lambda rule: -strengths[rule] * scores[rule]))


def _because(finding: Finding, ranked: Sequence[Finding]) -> str:
    """Why it stands where it does, in words; nothing of a finding that is alone."""
    if len(ranked) < 2:
        return ""
    if finding.causes:
        cause = next(f for f in ranked if f.rule == finding.causes[0])
        often = f"{10 * round(10 * strength(cause, finding))} %"
        return f"{cause.rule} explains it: about {often} of such trainings show it too"
    explained = [f.rule for f in ranked if finding.rule in f.causes]
    if not explained:
        return "nothing else that was found explains it"
    return (
        f"it explains {enumerated(explained)}, and nothing that was found explains it"
    )


@cache
def _reach() -> Mapping[tuple[str, str], float]:
    """The strongest chain from each cause to each symptom: its strengths multiplied."""
    known = explains()
    names = {*known, *(s for symptoms in known.values() for s in symptoms)}
    best = {(c, s): p for c, symptoms in known.items() for s, p in symptoms.items()}
    for by in names:
        for cause in names - {by}:
            for symptom in names - {by, cause}:
                chain = best.get((cause, by), 0.0) * best.get((by, symptom), 0.0)
                if chain > best.get((cause, symptom), 0.0):
                    best[cause, symptom] = chain
    return best
