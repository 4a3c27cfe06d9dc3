"""What causes what: the order in which findings are most probably the root.

Each number is how probable it is that a run with the cause also shows the symptom. A
finding is ranked by the supposition that it is the only root: how often it is one, how
sure it is, and how well it explains every other finding. That is Bayes' rule on a
noisy-or network with one cause (Pearl, 1988), in numbers that are good to one digit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import prod

from wellfit.core.finding import Finding, Severity
from wellfit.core.words import enumerated

EXPLAINS: Mapping[str, Mapping[str, float]] = {
    "missing-values": {
        "non-finite-values": 0.9,
        "unscaled-inputs": 0.6,
        "underfitting": 0.5,
        "overfitting": 0.2,
        "unstable-loss": 0.3,
        "outliers": 0.2,
    },
    "output-loss-mismatch": {
        "constant-predictions": 0.5,
        "underfitting": 0.6,
        "undertrained": 0.4,
        "learning-rate-too-low": 0.2,
        "learning-rate-too-high": 0.3,
        "exploding-gradients": 0.3,
        "non-finite-values": 0.3,
        "overfitting": 0.2,
        "class-imbalance": 0.2,
        "dead-units": 0.2,
        "vanishing-gradients": 0.1,
        "loss-plateau": 0.4,
        "unstable-loss": 0.2,
        "divergence": 0.1,
        "over-regularized": 0.1,
    },
    "unscaled-inputs": {
        "exploding-gradients": 0.4,
        "learning-rate-too-high": 0.6,
        "saturated-units": 0.5,
        "dead-units": 0.5,
        "constant-predictions": 0.5,
        "non-finite-values": 0.4,
        "underfitting": 0.6,
        "undertrained": 0.4,
        "vanishing-gradients": 0.2,
        "learning-rate-too-low": 0.3,
        "class-imbalance": 0.2,
        "overfitting": 0.1,
        "unstable-loss": 0.4,
        "divergence": 0.3,
        "loss-plateau": 0.3,
    },
    "wrong-gradient": {
        "underfitting": 0.6,
        "undertrained": 0.4,
        "constant-predictions": 0.3,
        "learning-rate-too-low": 0.2,
        "learning-rate-too-high": 0.3,
        "exploding-gradients": 0.2,
        "vanishing-gradients": 0.2,
        "loss-plateau": 0.4,
        "divergence": 0.3,
        "unstable-loss": 0.3,
    },
    "target-leakage": {"overfitting": 0.2},
    "memory-growth": {"out-of-memory": 0.9},
    "input-bottleneck": {"idle-device": 0.9},
    "hyperparameter-sensitivity": {"seed-sensitivity": 0.4},
    "class-imbalance": {
        "constant-predictions": 0.6,
        "underfitting": 0.3,
        "undertrained": 0.2,  # rare classes are learnt last
        "metric-hides-minority": 0.8,
    },
    "stale-gradients": {
        "unstable-loss": 0.5,
        "divergence": 0.5,
        "loss-plateau": 0.4,
        "learning-rate-too-high": 0.6,
        "exploding-gradients": 0.6,
        "frozen-parameters": 0.3,
        "non-finite-values": 0.3,
        "dead-units": 0.4,
        "saturated-units": 0.3,
        "constant-predictions": 0.5,
        "underfitting": 0.6,
        "undertrained": 0.3,
        "learning-rate-too-low": 0.3,
        "overfitting": 0.2,
        "class-imbalance": 0.2,
    },
    "mode-mixup": {
        "unstable-loss": 0.3,
        "loss-plateau": 0.2,
        "metric-hides-minority": 0.2,
        "overfitting": 0.5,
        "underfitting": 0.5,
        "learning-rate-too-high": 0.3,
        "undertrained": 0.2,
        "constant-predictions": 0.2,
        "class-imbalance": 0.2,
    },
    "frozen-parameters": {
        "loss-plateau": 0.5,
        "over-regularized": 0.2,
        "metric-hides-minority": 0.2,
        "underfitting": 0.7,
        "undertrained": 0.5,
        "constant-predictions": 0.4,
        "learning-rate-too-low": 0.4,
        "vanishing-gradients": 0.3,
        "overfitting": 0.3,
        "class-imbalance": 0.2,
    },
    "poor-initialization": {
        "loss-plateau": 0.4,
        "unstable-loss": 0.2,
        "divergence": 0.2,
        "vanishing-gradients": 0.6,
        "exploding-gradients": 0.6,
        "saturated-units": 0.5,
        "dead-units": 0.5,
        "constant-predictions": 0.5,
        "underfitting": 0.6,
        "undertrained": 0.4,
        "learning-rate-too-high": 0.4,
        "learning-rate-too-low": 0.3,
        "non-finite-values": 0.3,
        "overfitting": 0.3,
        "class-imbalance": 0.2,
    },
    "saturated-units": {
        "loss-plateau": 0.4,
        "unstable-loss": 0.3,
        "vanishing-gradients": 0.6,
        "exploding-gradients": 0.2,
        "underfitting": 0.6,
        "undertrained": 0.4,
        "constant-predictions": 0.4,
        "learning-rate-too-low": 0.3,
        "learning-rate-too-high": 0.2,
        "overfitting": 0.3,
        "class-imbalance": 0.2,
    },
    "duplicate-rows": {
        "train-validation-leakage": 0.7,
        "too-little-data": 0.2,
        "overfitting": 0.1,
    },
    "inconsistent-values": {
        "train-validation-shift": 0.3,
        "outliers": 0.3,
        "underfitting": 0.1,
    },
    "outliers": {"unscaled-inputs": 0.3, "exploding-gradients": 0.3},
    "label-noise": {"overfitting": 0.4, "underfitting": 0.3},
    "train-validation-shift": {"overfitting": 0.4},
    "too-little-data": {"overfitting": 0.4},
    "vanishing-gradients": {
        "underfitting": 0.7,
        "undertrained": 0.5,
        "constant-predictions": 0.6,
        "dead-units": 0.3,
        "learning-rate-too-low": 0.3,
        "class-imbalance": 0.2,
        "loss-plateau": 0.7,
        "unstable-loss": 0.2,
    },
    "exploding-gradients": {
        "non-finite-values": 0.7,
        "learning-rate-too-high": 0.5,
        "saturated-units": 0.4,
        "underfitting": 0.6,
        "dead-units": 0.5,
        "constant-predictions": 0.5,
        "overfitting": 0.2,
        "learning-rate-too-low": 0.2,
        "undertrained": 0.2,
        "unstable-loss": 0.6,
        "divergence": 0.4,
        "loss-plateau": 0.3,
    },
    "learning-rate-too-high": {
        "exploding-gradients": 0.6,
        "non-finite-values": 0.6,
        "saturated-units": 0.5,
        "dead-units": 0.6,
        "constant-predictions": 0.6,
        "underfitting": 0.7,
        "vanishing-gradients": 0.2,
        "class-imbalance": 0.2,
        "overfitting": 0.1,
        "unstable-loss": 0.6,
        "divergence": 0.5,
        "loss-plateau": 0.3,
    },
    "learning-rate-too-low": {
        "undertrained": 0.8,
        "underfitting": 0.7,
        "constant-predictions": 0.3,
        "class-imbalance": 0.2,
        "loss-plateau": 0.3,
    },
    "dead-units": {
        "constant-predictions": 0.7,
        "underfitting": 0.7,
        "vanishing-gradients": 0.3,
        "undertrained": 0.2,
        "class-imbalance": 0.2,
        "loss-plateau": 0.4,
        "unstable-loss": 0.2,
    },
    "non-finite-values": {
        "constant-predictions": 0.7,
        "underfitting": 0.7,
        "class-imbalance": 0.2,
        "exploding-gradients": 0.1,
        "learning-rate-too-high": 0.1,
    },
    "undertrained": {
        "underfitting": 0.6,
        "constant-predictions": 0.2,
        "class-imbalance": 0.15,
        "loss-plateau": 0.3,
        "metric-hides-minority": 0.2,
    },
    "underfitting": {
        "constant-predictions": 0.2,
        "class-imbalance": 0.3,
        "loss-plateau": 0.3,
        "metric-hides-minority": 0.2,
    },
    "constant-predictions": {
        "underfitting": 0.8,
        "class-imbalance": 0.3,
        "loss-plateau": 0.3,
    },
    # What was done (no shuffling, too much regularisation) explains how the run looks,
    # and seldom the reverse. How a curve looks, a plateau, swings, a rise for good, is
    # explained by all that makes steps too long, too short or blind, most by a rate
    # that is too high (it is the first that the field suspects); it explains what the
    # run ends as. A rate or a gradient that only looks wrong because the loss rises is
    # explained by the rise, a little less surely than the rise by it.
    "unshuffled-batches": {
        "underfitting": 0.6,
        "unstable-loss": 0.6,
        "overfitting": 0.4,
        "constant-predictions": 0.4,
        "learning-rate-too-high": 0.4,
        "class-imbalance": 0.3,
        "metric-hides-minority": 0.3,
        "divergence": 0.2,
        "loss-plateau": 0.2,
        "undertrained": 0.2,
        "exploding-gradients": 0.2,
    },
    "over-regularized": {
        "underfitting": 0.8,
        "loss-plateau": 0.5,
        "learning-rate-too-low": 0.5,
        "undertrained": 0.4,
        "constant-predictions": 0.4,
        "metric-hides-minority": 0.3,
        "vanishing-gradients": 0.2,
        "class-imbalance": 0.2,
    },
    "loss-plateau": {
        "underfitting": 0.6,
        "undertrained": 0.5,
        "learning-rate-too-low": 0.3,
        "constant-predictions": 0.3,
        "vanishing-gradients": 0.1,
    },
    "divergence": {
        "underfitting": 0.7,
        "non-finite-values": 0.5,
        "learning-rate-too-high": 0.4,
        "exploding-gradients": 0.4,
        "overfitting": 0.4,
        "constant-predictions": 0.3,
        "unstable-loss": 0.5,
        "dead-units": 0.2,
    },
    "unstable-loss": {
        "underfitting": 0.4,
        "divergence": 0.3,
        "overfitting": 0.2,
        "undertrained": 0.2,
        "learning-rate-too-high": 0.2,
        "exploding-gradients": 0.2,
    },
    "metric-hides-minority": {
        "class-imbalance": 0.2,
    },
}

ROOT: Mapping[str, float] = {  # how often a finding of that rule is the root
    "output-loss-mismatch": 1.0,
    "missing-values": 1.0,
    "stale-gradients": 1.0,
    "mode-mixup": 0.9,
    "frozen-parameters": 0.9,
    "wrong-gradient": 1.0,
    "unscaled-inputs": 0.9,
    "target-leakage": 0.9,
    "poor-initialization": 0.9,
    "unshuffled-batches": 0.9,
    "over-regularized": 0.8,
    "inconsistent-values": 0.9,
    "duplicate-rows": 0.9,
    "label-noise": 0.8,
    "train-validation-shift": 0.8,
    "train-validation-leakage": 0.7,
    "outliers": 0.7,
    "too-little-data": 0.6,
    "uninformative-features": 0.5,
    "vanishing-gradients": 0.8,
    "learning-rate-too-high": 0.8,
    "learning-rate-too-low": 0.8,
    "memory-growth": 0.8,
    "input-bottleneck": 0.8,
    "hyperparameter-sensitivity": 0.7,
    "seed-sensitivity": 0.5,
    "out-of-memory": 0.5,
    "idle-device": 0.4,
    "overfitting": 0.7,
    "exploding-gradients": 0.6,
    "dead-units": 0.6,
    "saturated-units": 0.6,
    "class-imbalance": 0.5,
    "undertrained": 0.5,
    "divergence": 0.5,
    "loss-plateau": 0.4,
    "unstable-loss": 0.4,
    "metric-hides-minority": 0.4,
    "non-finite-values": 0.4,
    "underfitting": 0.3,
    "constant-predictions": 0.15,
}
UNKNOWN = 0.5  # of a rule that is not named above: a plugin's
UNEXPLAINED = 0.05  # that two findings have nothing to do with each other
EARLIER = 0.3  # of a strength that is left where the symptom came before its cause
SAID = 0.1  # the least strength at which a cause is named


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
    return ROOT.get(finding.rule, UNKNOWN) * finding.confidence * explained


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
    names = {*EXPLAINS, *(s for symptoms in EXPLAINS.values() for s in symptoms)}
    best = {(c, s): p for c, symptoms in EXPLAINS.items() for s, p in symptoms.items()}
    for by in names:
        for cause in names - {by}:
            for symptom in names - {by, cause}:
                chain = best.get((cause, by), 0.0) * best.get((by, symptom), 0.0)
                if chain > best.get((cause, symptom), 0.0):
                    best[cause, symptom] = chain
    return best
