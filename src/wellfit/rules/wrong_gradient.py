"""wrong-gradient"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.rule import Rule

Seen = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongGradient(Rule):
    """A backward pass that was written by hand does not belong to its forward pass.

    ## What it looks at
    Each `torch.autograd.Function` of the script: the derivative that its backward pass
    tells, against central differences of its forward pass, in double precision, along
    several directions and single coordinates. The same for the parameters of the model.
    `wellfit check` makes the comparison, on copies.

    ## Why it hurts
    Every weight below that function is moved in a wrong direction. The loss often falls
    nevertheless, only less, and nothing else tells.

    ## Example
    >>> facts = {"gradient_check": {"functions": [
    ...     {"name": "Swish", "calls": 2, "error": 0.41, "spread": 1e-9, "noise": 1e-9,
    ...      "backward": 1.7, "difference": 1.0, "identity": False}]}}
    >>> print(WrongGradient().check(Run.of(facts=facts)).summary)
    the backward pass of Swish is 41 % off the slope of its forward pass

    ## How it is told from its look-alikes
    A kink (ReLU, maximum) makes differences of several lengths disagree with each
    other: such a direction is left out. A function that is flat, with a gradient
    nevertheless, is a straight-through estimator or a surrogate gradient, and one that
    gives back what it got is there to reverse or to clip the gradient: both are meant.
    What is detached on purpose is held fixed in the differences too.

    ## What helps
    Only its author knows what the function is to do. `torch.autograd.gradcheck` on it,
    in double precision, shows each element; often autograd's own backward is as fast.

    ## When it is wrong
    Functions whose gradient is an approximation on purpose, and whose forward pass is
    neither flat nor the identity.

    ## References
    Nocedal and Wright (2006), Numerical optimization, section 8.1, for the error of
    central differences; Bengio et al. (2013), arXiv 1308.3432, for straight-through
    estimators; Ganin et al. (2016), JMLR 17, for reversed gradients.
    """

    severity: ClassVar = Severity.CRITICAL
    needs: ClassVar = ("facts:gradient_check",)

    error: float = 1e-3  # relative. In double precision central differences are exact
    # to about 1e-10, the two-thirds power of the rounding error
    settled: float = 10.0  # times the spread of the differences, and their noise
    flat: float = (
        1e-6  # of what the backward pass tells: the forward pass does not move
    )

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding on the functions that are wrong, the worst first."""
        fact = run.facts["gradient_check"]
        functions: Sequence[Seen] = fact.get("functions") or ()
        if "reason" in fact:
            return NotChecked(reason=f"no gradient was checked: {fact['reason']}")
        judged = [f for f in functions if "error" in f]
        wrong = sorted(filter(self._wrong, judged), key=lambda f: -float(f["error"]))
        if wrong:
            return self._finding(wrong, fact.get("parameters") or ())
        if len(judged) < len(functions):
            left = next(f for f in functions if "error" not in f)
            reason = left.get("reason", "it was not called")
            return NotChecked(reason=f"{left['name']} could not be checked: {reason}")
        return None

    def _wrong(self, seen: Seen) -> bool:
        meant = seen.get("identity") or seen.get("flat")
        return not meant and self._off(seen)

    def _off(self, seen: Seen) -> bool:
        unsure = float(seen["spread"]) + float(seen["noise"])
        off = float(seen["error"])
        return off > self.error and off > self.settled * unsure

    def _finding(self, wrong: Sequence[Seen], parameters: Sequence[Seen]) -> Finding:
        worst = wrong[0]
        others = f", as {len(wrong) - 1} more are" if len(wrong) > 1 else ""
        off = min(100 * float(worst["error"]), 999.0)
        return self.finding(
            f"the backward pass of {worst['name']} is {off:.3g} % off the slope of its "
            f"forward pass{others}",
            confidence=0.97,
            where=[str(seen["name"]) for seen in wrong],
            since=0,
            evidence=[
                *_evidence(wrong),
                *_evidence(list(filter(self._off, parameters))),
            ],
        )


def _evidence(seen: Sequence[Seen], most: int = 3) -> Iterator[Evidence]:
    for one in seen[:most]:
        told, found = float(one["backward"]), float(one["difference"])
        yield Evidence(
            text=f"{one['name']}: {told:.6g} by its backward pass, {found:.6g} by "
            "central differences",
            value=float(one["error"]),
        )
