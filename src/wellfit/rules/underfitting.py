"""underfitting"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot
from typing import ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import curves, results
from wellfit.rules.rule import Rule
from wellfit.rules.undertrained import falls_on, is_early


@dataclass(frozen=True, kw_only=True, slots=True)
class Underfitting(Rule):
    """The model is poor even on the rows it trains on, and does not get better.

    ## What it looks at
    The better of the training and the validation score, against what a simple model
    (a forest, or a ridge regression) reaches on a sample of the same rows by
    cross-validation. Both as skill: 0 is guessing, 1 is perfect.

    ## Why it hurts
    What a simple model can predict can be learnt. A network that does not learn it is
    too small, held back, or hindered.

    ## Example
    >>> facts = {
    ...     "objective": {"task": "classification", "trivial": {"accuracy": 0.1}},
    ...     "reference": {"metric": "accuracy", "value": 0.95, "trivial": 0.1,
    ...                   "model": "forest", "rows": 1000}}
    >>> run = Run.of({"train/accuracy": [0.1, 0.2, 0.3, 0.3, 0.3, 0.3]}, facts=facts)
    >>> print(Underfitting().check(run).summary)
    accuracy ends at 0.3; a simple model (forest) reaches 0.95 on the same rows

    ## How it is told from its look-alikes
    A regression at the floor of its noise scores low and is done: the simple model
    does no better there. Where the loss still falls steadily the run is
    `undertrained`, and this is a note. Dropout lowers the training score only; the
    better of both scores counts.

    ## What helps
    `grow-model`, `relax-regularization`, `cross-features`, `train-longer`; another
    rate (`find-learning-rate`) or another optimizer (`switch-optimizer`), where steps
    are what holds it back; and what helps against causes that are found beside it.

    ## When it is wrong
    Tasks that a forest is good at and the network is not meant to master fully.

    ## References
    Goodfellow et al. (2016), Deep learning, section 5.2; Grinsztajn et al. (2022), Why
    do tree-based models still outperform deep learning on typical tabular data?
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = (
        "grow-model",
        "relax-regularization",
        "cross-features",
        "train-longer",
        "find-learning-rate",
        "switch-optimizer",
    )

    share: float = 0.87  # of the simple model's skill. Networks that train well are at
    # 0.97 and above in bench/trainings; but on tables forests do better than networks
    # by some percent, however well these are trained (Grinsztajn et al., 2022)
    sigmas: float = 3.0  # of both scores together: 1 in 700 by chance
    nothing: float = 0.02  # of skill: no reference is needed to call this poor
    steps: int = 100  # before which a score says little without a reference

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where the score is short of what can be learnt."""
        if results.broke(run):
            return NotChecked(reason=results.BROKEN)
        stands = results.standing(run)
        if stands.best is None:
            return NotChecked(reason=results.UNSCORED)
        if stands.reference is None:
            return self._alone(run, stands)
        chance = hypot(stands.best.error, stands.reference.error)
        missing = stands.reference.value - stands.best.value
        if not stands.learnable or missing <= max(
            (1 - self.share) * stands.reference.value, self.sigmas * chance
        ):
            return None
        learns = falls_on(run) or is_early(run)
        best = stands.best
        model = run.facts["reference"].get("model", "a simple one")
        share = max(best.value, 0.0) / stands.reference.value
        return self.finding(
            f"{best.metric} ends at {best.score:.3g}; a simple model ({model}) reaches "
            f"{stands.reference.score:.3g} on the same rows",
            severity=Severity.NOTE if learns else self.severity,
            confidence=0.5 if learns else 0.9 if share < 0.6 else 0.75,
            evidence=_evidence(stands),
        )

    def _alone(self, run: Run, stands: results.Standing) -> Finding | NotChecked | None:
        """What can be said without knowing what can be learnt."""
        best = stands.best
        assert best is not None
        if best.value >= results.REACHED:
            return None
        if best.value > self.nothing or not self._stuck(run):
            return NotChecked(reason=results.NO_REFERENCE)
        return self.finding(
            f"{best.metric} ends at {best.score:.3g}, no better than guessing",
            confidence=0.6,
            evidence=_evidence(stands),
        )

    def _stuck(self, run: Run) -> bool:
        """Whether the loss is about where it began, after steps enough."""
        loss = curves.until_broken(run.get("train/loss"))
        if loss is None or len(loss) < self.steps:
            return False
        begun, ended = curves.start(loss.values), curves.end(loss.values)
        return ended.value > begun.value - 0.1 * abs(begun.value)


def _evidence(stands: results.Standing) -> Iterator[Evidence]:
    for skill, rows in ((stands.train, "training"), (stands.val, "validation")):
        if skill is not None:
            yield skill.evidence(f"{skill.metric} on {rows} rows")
    if stands.reference is not None:
        text = f"{stands.reference.metric} of a simple model, cross-validated"
        yield stands.reference.evidence(text)
