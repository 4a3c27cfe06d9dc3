"""`wellfit treat --with plan.yaml SCRIPT`: what a plan does, proven by trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from wellfit.core.errors import BadScript
from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.core.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from wellfit.trainer.clock import Deadline
    from wellfit.trials.executors.local import Local
    from wellfit.trials.metric import Metric
    from wellfit.trials.proof import Proof

SCHEMA = 1
FIRST = 1  # the seed of the first trial
LEAVING = 1.0  # seconds, to write down what was found
BUDGET = "20m"
MANY = 3  # runs, that are seldom alike by chance


@dataclass(frozen=True, kw_only=True, slots=True)
class Trialled:
    """A trial that is done, for whoever watches; NaN where it failed.

    `seconds` is None of one that was there already.
    """

    changed: bool
    seed: int
    value: float
    seconds: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """What came of a plan; `path` is the folder with all trials and `plan.yaml`.

    `metric` is what trials were judged by, and `notes` what a reader should know.
    """

    path: Path
    metric: str
    greater_is_better: bool
    verdict: Verdict
    seconds: float
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The treatment as plain data, in the form that docs/json.md pins."""
        verdict = self.verdict
        better = verdict.outcome is Outcome.BETTER
        failed = verdict.outcome is Outcome.FAILED
        outcome = verdict.outcome if better or failed else Outcome.NO_EFFECT
        baseline = _values(verdict.control)
        return {
            "schema": SCHEMA,
            "outcome": outcome.value,
            "metric": {
                "name": self.metric,
                "greater_is_better": self.greater_is_better,
            },
            "baseline": baseline,
            "best": {
                **(_values(verdict.treated) if better else baseline),
                "effect": verdict.to_json()["effect"] if better else None,
            },
            "plan": verdict.plan.to_json() if better else [],
            "verdicts": [verdict.to_json()],
            "trials": len(verdict.control) + len(verdict.treated),
            "seconds": round(self.seconds, 3),
        }


class Options(TypedDict, total=False):
    """Keywords of `treat`, which explains each."""

    metric: str | None
    budget: float | str
    least_gain: float
    out: str | Path | None
    module: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _How:
    metric: str | None = None
    budget: float | str = BUDGET
    least_gain: float = 0.0
    out: str | Path | None = None
    module: bool = False


def treat(
    script: str | Path,
    args: Sequence[str] = (),
    *,
    plan: Plan | str | Path,
    on_trial: Callable[[Trialled], None] | None = None,
    **options: Unpack[Options],
) -> Treatment:
    """Prove what a plan does to a script: runs with it and without it, in pairs.

    The runs of a pair share all seeds; pairs are added until the 95 % interval of the
    improvement leaves no doubt, or the `budget` (a time such as 20m, or seconds) is
    spent. `metric` is a signal of the run, by default the validation loss at its end;
    `least_gain` is the improvement, in its unit, from which on it counts. With `module`
    the script is the name of a module. Trials stand in `out`, where those that are
    there already are not run again.
    `BadScript` where the script fails as it is; `BadSetting` or `UnknownName` for a
    plan or a metric that there is not.
    """
    from wellfit.remedies.plans import read_plan
    from wellfit.trainer.clock import Deadline, seconds_of
    from wellfit.trials.executors.local import Local
    from wellfit.trials.metric import metric_of
    from wellfit.trials.proof import Proof
    from wellfit.verbs.run import check

    how, begun = _How(**options), monotonic()
    read = plan if isinstance(plan, Plan) else read_plan(plan)
    name = check(str(script), module=how.module)
    until = Deadline(at=begun + seconds_of(how.budget) - LEAVING)
    folder = _folder(how.out, name)
    read.save(folder / "plan.yaml")
    local = Local(words=[str(script), *args], module=how.module, folder=folder)
    metric = metric_of(_first(local, until, how), how.metric)
    proof = Proof(
        plan=read, greater_is_better=metric.greater_is_better, least_gain=how.least_gain
    )
    trials = _Trials(
        local=local, metric=metric, until=until, proof=proof, tell=on_trial
    )
    verdict = proof.run(trials.run)
    return Treatment(
        path=folder,
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        verdict=verdict,
        seconds=monotonic() - begun,
        notes=tuple(filter(None, [metric.note, *trials.notes, _unmoved(verdict)])),
    )


def _folder(out: str | Path | None, name: str) -> Path:
    from wellfit.record import new_folder

    folder = Path(out) if out else new_folder(f"{name}-treated")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _first(local: "Local", until: "Deadline", how: _How) -> Run:
    """The script as it is; `BadScript` where no plan can be proven by it."""
    from wellfit.trials.executors.local import failure

    script = local.words[0]
    run = local.run(Plan(), FIRST, seconds=until.left)
    if run is None:
        raise BadScript(
            f"{script} takes longer as it is than all of the budget, {how.budget}; at "
            "least three pairs of runs are needed: give it more --budget"
        )
    why = failure(run)
    if why is not None:
        raise BadScript(f"{script} fails as it is, which no plan is proven by: {why}")
    return run


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trials:
    """Runs trials one after the other, and tells of each."""

    local: "Local"
    metric: "Metric"
    until: "Deadline"
    proof: "Proof"
    tell: Callable[[Trialled], None] | None
    notes: list[str] = field(default_factory=list)

    def run(self, plan: Plan, seed: int) -> float | None:
        """The metric; NaN where the run failed, None where there was no time."""
        from wellfit.trials.executors.local import failure

        run = self.local.run(plan, seed, seconds=self.until.left)
        if run is None:
            return None
        why = failure(run)
        if why is not None:
            changed = " with the plan" if plan.changes else ""
            self.notes.append(f"seed {seed} failed{changed}: {why}")
        value = nan if why is not None else self.metric.of(run)
        if self.tell is not None:
            done = Trialled(
                changed=bool(plan.changes),
                seed=seed,
                value=value,
                seconds=self.local.took.get(self.local.name(plan, seed)),
            )
            self.tell(done)
        return value


def _unmoved(verdict: Verdict) -> str:
    """That no seed of the script's was moved, where that is so."""
    known = [v for v in verdict.control if not isnan(v)]
    if len(known) < MANY or len({*known}) > 1:
        return ""
    return "all seeds give the same result: the script draws nothing that --seed moves"


def _values(values: Sequence[float]) -> dict[str, Any]:
    """The mean, and each; what is no number is null."""
    known = [v for v in values if not isnan(v)]
    mean = sum(known) / len(known) if known else None
    return {"mean": mean, "values": [None if isnan(v) else v for v in values]}
