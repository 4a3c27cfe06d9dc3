"""What came of treating a training: what was found, tried and proven."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Any

from wellfit.core.finding import Finding
from wellfit.core.plan import Plan
from wellfit.core.verdict import Outcome, Verdict

SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Trialled:
    """A trial that is done, for whoever watches; NaN where it failed.

    `seconds` is None of one that was there already.
    """

    plan: Plan
    seed: int
    value: float
    seconds: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """What a treatment begins with: what was found, and how many changes to try.

    A run of the script takes so many `seconds`; there is time for about so many `runs`.
    """

    findings: tuple[Finding, ...]
    proposals: int
    seconds: float
    runs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """What came of it; `path` is the folder with all trials and `plan.yaml`.

    `metric` is what trials were judged by. `verdict` is that of the plan that was
    proven, or was to be; None where nothing was worth it. `findings` are those that
    remedies were looked for, and `tried` what was tried before, on seeds of its own;
    both are empty of a plan that was given; `against` tells of each change, by its id,
    the rule whose finding it was tried against. `notes` are what a reader should know.
    """

    path: Path
    metric: str
    greater_is_better: bool
    verdict: Verdict | None
    seconds: float
    healthy: bool = False
    baseline: tuple[float, ...] = ()  # where there is no verdict
    findings: tuple[Finding, ...] = ()
    tried: tuple[Verdict, ...] = ()
    against: Mapping[str, str] = field(default_factory=dict)
    trials: int = 0
    notes: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """`better`, `no-effect`, `healthy` or `failed`; `tried` of what is trusted."""
        if self.healthy:
            return "healthy"
        known = None if self.verdict is None else self.verdict.outcome
        said = Outcome.NO_EFFECT if known in (None, Outcome.WORSE) else known
        return said.value

    def to_json(self) -> dict[str, Any]:
        """The treatment as plain data, in the form that docs/json.md pins."""
        verdict = self.verdict
        helps = self.outcome in (Outcome.BETTER, Outcome.TRIED)
        baseline = _values(self.baseline if verdict is None else verdict.control)
        best, effect, plan = baseline, None, Plan()
        if helps and verdict is not None:
            best, plan = _values(verdict.treated), verdict.plan
            effect = verdict.to_json()["effect"]
        known = verdict is None or verdict in self.tried
        verdicts = [*self.tried, *([] if known or verdict is None else [verdict])]
        return {
            "schema": SCHEMA,
            "outcome": self.outcome,
            "metric": {
                "name": self.metric,
                "greater_is_better": self.greater_is_better,
            },
            "baseline": baseline,
            "best": {**best, "effect": effect},
            "plan": plan.to_json(),
            "verdicts": [one.to_json() for one in verdicts],
            "trials": self.trials,
            "seconds": round(self.seconds, 3),
        }


def _values(values: Sequence[float]) -> dict[str, Any]:
    """The mean, and each; what is no number is null."""
    known = [v for v in values if not isnan(v)]
    mean = sum(known) / len(known) if known else None
    return {"mean": mean, "values": [None if isnan(v) else v for v in values]}
