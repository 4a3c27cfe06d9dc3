"""`wellfit treat SCRIPT`: what helps a training, found and proven by trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import isnan, nan
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TypedDict, Unpack

from wellfit.core.errors import BadScript, BadSetting
from wellfit.core.finding import Diagnosis, Finding
from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.core.treatment import Treatment
from wellfit.core.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from wellfit.trainer.clock import Deadline
    from wellfit.trials.executors.local import Local
    from wellfit.trials.metric import Metric
    from wellfit.trials.proposals import Proposal

PLAN = "plan.yaml"
OWN = 0  # the seed that leaves the script's own as they are
FIRST = 1  # of the seeds of a proof
LEAVING = 1.0  # seconds, to write down what was found
BUDGET = "20m"
OTHERWISE = "val/accuracy"  # the metric, where the loss is changed
MANY = 3  # runs, that are seldom alike by chance
LEAST = 6  # pairs, that can decide
SEARCHING = 0.5  # of the time beyond these pairs is for the search
LITTLE = 0.2  # of all time is for it at the least
LONG = 3.0  # times what the script takes as it is: more is too long for a change
STARTING = 20.0  # seconds beside that, which starting may take on a busy machine


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


class Options(TypedDict, total=False):
    """Keywords of `treat`, which explains each."""

    metric: str | None
    budget: float | str
    least_gain: float
    out: str | Path | None
    module: bool
    jobs: int
    on_begin: Callable[[Begun], None] | None
    on_trial: Callable[[Trialled], None] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _How:
    metric: str | None = None
    budget: float | str = BUDGET
    least_gain: float = 0.0
    out: str | Path | None = None
    module: bool = False
    jobs: int = 1
    on_begin: Callable[[Begun], None] | None = None
    on_trial: Callable[[Trialled], None] | None = None


def treat(
    script: str | Path,
    args: Sequence[str] = (),
    *,
    plan: Plan | str | Path | None = None,
    **options: Unpack[Options],
) -> Treatment:
    """Find what helps a script, and prove it: runs with it and without it, in pairs.

    Without a `plan` the script is run as it is, and diagnosed; what remedies propose
    against the findings is tried, joined where it helps, and the best is proven on
    seeds that nothing was chosen by. With one, that plan is proven.

    The runs of a pair share all seeds; pairs are added until the 95 % interval of the
    improvement leaves no doubt, or the `budget` (a time such as 20m, or seconds) is
    spent. `metric` is a signal of the run, by default the validation loss at its end;
    `least_gain` is the improvement, in its unit, from which on it counts. With `module`
    the script is the name of a module. `jobs` trials are run beside each other, sharing
    the processors. Trials stand in `out`, where those that are
    there already are not run again. `on_begin` is told what is to be tried, `on_trial`
    of each trial.
    `BadScript` where the script fails as it is; `BadSetting` or `UnknownName` for a
    plan or a metric that there is not.
    """
    from wellfit.remedies.plans import read_plan
    from wellfit.trainer.clock import Deadline, seconds_of
    from wellfit.trials.executors.local import Local
    from wellfit.verbs.run import check

    how, begun = _How(**options), monotonic()
    given = None
    if plan is not None:
        given = plan if isinstance(plan, Plan) else read_plan(plan)
    name = check(str(script), module=how.module)
    until = Deadline(at=begun + seconds_of(how.budget) - LEAVING)
    folder = _folder(how.out, name)
    if how.jobs < 1:
        raise BadSetting(f"jobs must be 1 or more; got {how.jobs}")
    local = Local(
        words=[str(script), *args], module=how.module, folder=folder, jobs=how.jobs
    )
    seed = OWN if given is None else FIRST
    work = _Work(
        local=local,
        how=how,
        until=until,
        begun=begun,
        run=_first(local, until, how, seed),
    )
    return work.search() if given is None else work.prove(given)


def _folder(out: str | Path | None, name: str) -> Path:
    from wellfit.record import new_folder

    folder = Path(out) if out else new_folder(f"{name}-treated")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _first(local: "Local", until: "Deadline", how: _How, seed: int) -> Run:
    """The script as it is; `BadScript` where no plan can be proven by it."""
    from wellfit.trials.executors.local import failure

    script = local.words[0]
    run = local.run(Plan(), seed, seconds=until.left, judging=seed == OWN)
    if run is None:
        raise BadScript(
            f"{script} takes longer as it is than all of the budget, {how.budget}; at "
            "least three pairs of runs are needed: give it more --budget"
        )
    why = failure(run)
    if why is not None:
        raise BadScript(f"{script} fails as it is, which no plan is proven by: {why}")
    return run


@dataclass(kw_only=True, slots=True)
class _Work:
    """A treatment under way; `run` is the script as it is."""

    local: "Local"
    how: _How
    until: "Deadline"
    begun: float
    run: Run
    trials: int = 0
    notes: list[str] = field(default_factory=list)

    def prove(self, plan: Plan) -> Treatment:
        """A plan that was given."""
        from wellfit.trials.metric import metric_of

        plan.save(self.local.folder / PLAN)
        return self._proven(plan, metric_of(self.run, self.how.metric))

    def search(self) -> Treatment:
        """What helps, of all that remedies propose against what was found."""
        from wellfit.trainer.clock import Deadline
        from wellfit.trials.proposals import treatable
        from wellfit.trials.search import Search
        from wellfit.verbs.diagnose import diagnose

        diagnosis = diagnose(self.local.folder / "trials" / self.local.name(Plan(), 0))
        findings = treatable(diagnosis)
        metric, proposals = self._judged(diagnosis)
        if not proposals:
            return self._left_alone(diagnosis, findings, metric)
        took = self.local.took.get(self.local.name(Plan(), 0), 0.0)
        if self.how.on_begin is not None:
            self.how.on_begin(
                Begun(
                    findings=findings,
                    proposals=len(proposals),
                    seconds=took,
                    runs=int(self.until.left / took) if took else 0,
                )
            )
        left = self.until.left
        proof = 2 * LEAST * took / min(2, self.how.jobs)  # at the least
        searching = max(SEARCHING * (left - proof), LITTLE * left)
        end = Deadline(at=monotonic() + searching)
        trials = _Trials(work=self, metric=metric, until=end, longest=LONG * took)
        found = Search(
            greater_is_better=metric.greater_is_better,
            try_=trials.run,
            ahead=trials.ahead,
            jobs=self.how.jobs,
        )
        plan = found.run(proposals)
        tried = tuple(found.tried)
        if not plan.changes:
            self.notes.append("nothing that was tried helps on all seeds of the search")
            return self._treatment(metric, None, findings=findings, tried=tried)
        treatment = self._proven(plan, metric, findings=findings, tried=tried)
        if treatment.outcome == Outcome.BETTER:
            plan.save(self.local.folder / PLAN)
        return treatment

    def _judged(self, diagnosis: Diagnosis) -> "tuple[Metric, tuple[Proposal, ...]]":
        """What is tried, and judged by; a loss that is changed is of another scale."""
        from wellfit.trials.metric import metric_of
        from wellfit.trials.proposals import proposals_for

        metric = metric_of(self.run, self.how.metric)
        proposed = proposals_for(self.run, diagnosis)
        if not metric.is_loss or all("loss" not in p.touches for p in proposed):
            return metric, proposed
        if self.how.metric is None and self.run.get(OTHERWISE) is not None:
            note = "a change of the loss is tried, so that the loss cannot judge it"
            return replace(metric_of(self.run, OTHERWISE), note=note), proposed
        left = sorted({p.change.change for p in proposed if "loss" in p.touches})
        self.notes.append(
            f"not tried: {', '.join(left)}, which changes the loss that it would be "
            "judged by; name another --metric, such as val/accuracy"
        )
        return metric, tuple(p for p in proposed if "loss" not in p.touches)

    def _left_alone(
        self, diagnosis: Diagnosis, findings: tuple[Finding, ...], metric: "Metric"
    ) -> Treatment:
        if findings:
            names = ", ".join(f.rule for f in findings)
            self.notes.append(
                f"no remedy against {names} can be tried on this training"
            )
        elif not diagnosis.healthy:
            self.notes.append("nothing was found, but not enough could be checked")
        return self._treatment(metric, None, healthy=not findings, findings=findings)

    def _proven(
        self,
        plan: Plan,
        metric: "Metric",
        *,
        findings: tuple[Finding, ...] = (),
        tried: tuple[Verdict, ...] = (),
    ) -> Treatment:
        from wellfit.trials.proof import Proof

        proof = Proof(
            plan=plan,
            greater_is_better=metric.greater_is_better,
            least_gain=self.how.least_gain,
        )
        trials = _Trials(work=self, metric=metric, until=self.until)
        verdict = proof.run(trials.run, ahead=trials.ahead)
        return self._treatment(metric, verdict, findings=findings, tried=tried)

    def _treatment(
        self,
        metric: "Metric",
        verdict: Verdict | None,
        *,
        healthy: bool = False,
        findings: tuple[Finding, ...] = (),
        tried: tuple[Verdict, ...] = (),
    ) -> Treatment:
        notes = [metric.note, *dict.fromkeys(self.notes), _unmoved(verdict)]
        return Treatment(
            path=self.local.folder,
            metric=metric.name,
            greater_is_better=metric.greater_is_better,
            verdict=verdict,
            seconds=monotonic() - self.begun,
            healthy=healthy,
            baseline=(metric.of(self.run),),
            findings=findings,
            tried=tried,
            trials=max(1, self.trials),  # the first is one, whatever came of it
            notes=tuple(filter(None, notes)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trials:
    """Runs trials one after the other, and tells of each."""

    work: _Work
    metric: "Metric"
    until: "Deadline"
    longest: float | None = None  # seconds, that a trial may take

    @property
    def most(self) -> float:
        """Seconds that a trial may take."""
        left, longest = self.until.left, self.longest
        return min(left, longest + STARTING) if longest else left

    def ahead(self, trials: Sequence[tuple[Plan, int]]) -> None:
        """Run trials beside each other that will be asked for."""
        if self.most > 0:
            self.work.local.ahead(trials, seconds=self.most)

    def run(self, plan: Plan, seed: int) -> float | None:
        """The metric; NaN where the run failed, None where there was no time."""
        from wellfit.trials.executors.local import failure

        local, most = self.work.local, self.most
        if self.until.left <= 0:
            return None
        run = local.run(plan, seed, seconds=most)
        if run is None and self.until.left <= 0:
            return None
        why = f"it took more than {most:.3g} s" if run is None else failure(run)
        changed = f" with {' + '.join(map(str, plan.changes))}" if plan.changes else ""
        if why is not None:
            self.work.notes.append(f"seed {seed} failed{changed}: {why}")
        value = nan if run is None or why is not None else self.metric.of(run)
        if run is not None:
            self.work.notes += _without_effect(plan, run)
        self.work.trials += 1
        if self.work.how.on_trial is not None:
            name = local.name(plan, seed)
            done = Trialled(
                plan=plan, seed=seed, value=value, seconds=local.took.get(name)
            )
            self.work.how.on_trial(done)
        return value


def _without_effect(plan: Plan, run: Run) -> list[str]:
    """What is said of changes that found nothing to change."""
    said = (run.facts.get("plan") or {}).get("without_effect") or {}
    return [f"{c} changes nothing: {said[c.id]}" for c in plan.changes if c.id in said]


def _unmoved(verdict: Verdict | None) -> str:
    """That no seed of the script's was moved, where that is so."""
    known = [v for v in verdict.control if not isnan(v)] if verdict else []
    if len(known) < MANY or len({*known}) > 1:
        return ""
    return "all seeds give the same result: the script draws nothing that --seed moves"
