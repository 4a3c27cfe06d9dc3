"""The course of a treatment: what is tried, in which order, and until when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, isnan, nan
from pathlib import Path
from time import monotonic

from wellfit.core.finding import Diagnosis, Finding
from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.core.treatment import Begun, Treatment, Trialled
from wellfit.core.verdict import Outcome, Verdict
from wellfit.record import open_run
from wellfit.record.folder import databases
from wellfit.trainer.clock import Deadline
from wellfit.trials.executors.executor import Executor
from wellfit.trials.executors.trial import GivenUp, failure
from wellfit.trials.experience import Experience
from wellfit.trials.metric import Metric, metric_of
from wellfit.trials.outlook import OWN, Outlooks, judged_by
from wellfit.trials.proof import MOST, Proof, pairs_of
from wellfit.trials.proposals import treatable
from wellfit.trials.racing import given_up
from wellfit.trials.search import SEEDS, Search

PLAN = "plan.yaml"
MANY = 3  # runs, that are seldom alike by chance
LEAST = 6  # pairs, that can decide
SEARCHING = 0.5  # of the time beyond these pairs is for the search
LITTLE = 0.2  # of all time is for it at the least
LONG = 3.0  # times what the script takes as it is: more is too long for a change
WORTHY = 0.1  # of what a training gains: a change of a healthy one that is worth it
WORTH = 10.0  # seconds of the script as it is, from which on stopping early is
STARTING = 20.0  # seconds beside that, which starting may take on a busy machine


@dataclass(kw_only=True, slots=True)
class Course:
    """A treatment under way; `run` is the script as it is.

    `metric` and what follows it are as `wellfit.treat` takes them; `diagnose` is its
    word on the folder of a run. By what is `known` of remedies the most promising are
    tried first.
    """

    executor: Executor
    run: Run
    until: Deadline
    begun: float
    diagnose: Callable[[Path], Diagnosis]
    metric: str | None = None
    least_gain: float = 0.0
    budget_trials: int | None = None
    trust: bool = False
    on_begin: Callable[[Begun], None] | None = None
    on_trial: Callable[[Trialled], None] | None = None
    known: Sequence[Experience] = ()
    against: dict[str, str] = field(default_factory=dict)  # change's id: rule
    trials: int = 0
    stopped: int = 0  # of them, early
    notes: list[str] = field(default_factory=list)

    def prove(self, plan: Plan) -> Treatment:
        """A plan that was given."""
        plan.save(self.executor.folder / PLAN)
        treatment = self._proven(plan, metric_of(self.run, self.metric))
        if treatment.outcome == Outcome.BETTER:
            self._written(plan)
        return treatment

    def _written(self, plan: Plan) -> None:
        """The plan as a diff of the script, beside it."""
        from wellfit.sources.diff import diff_of

        executor = self.executor
        diff_of(plan, executor.words[0], module=executor.module).save(executor.folder)

    def search(self) -> Treatment:
        """What helps, of all that remedies propose against what was found."""
        own = self.executor.place(Plan(), OWN)
        diagnosis = self.diagnose(own)
        findings = treatable(diagnosis)
        metric = judged_by(self.run, diagnosis, self.metric)
        outlooks = Outlooks(
            executor=self.executor,
            run=self.run,
            first=diagnosis,
            metric=metric,
            diagnose=self.diagnose,
            known=self.known,
            against=self.against,
            notes=self.notes,
        )
        proposals = outlooks.of(Plan()).proposals
        if not proposals:
            return self._left_alone(diagnosis, metric)
        took = self._took()
        if self.on_begin is not None:
            self.on_begin(
                Begun(
                    findings=findings,
                    proposals=len(proposals),
                    seconds=took,
                    runs=self._runs(took),
                )
            )
        search = Search(
            greater_is_better=metric.greater_is_better,
            try_=(trials := self._searching(metric, took)).run,
            outlook=outlooks.of,
            idle=outlooks.idle,
            ahead=trials.ahead,
            jobs=self.executor.jobs,
            seeds=SEEDS[:1] if self.trust else SEEDS,
            margin=0.0 if findings else WORTHY * self._gained(metric),
        )
        plan = search.run()
        tried = tuple(search.tried)
        if not plan.changes:
            return self._left_alone(diagnosis, metric, tried=tried)
        if self.trust:
            return self._trusted(plan, metric, findings=findings, tried=tried)
        treatment = self._proven(plan, metric, findings=findings, tried=tried)
        if treatment.outcome == Outcome.BETTER:
            plan.save(self.executor.folder / PLAN)
            self._written(plan)
        return treatment

    def _took(self) -> float:
        """Seconds of the script as it is, be it run now or before."""
        before = (self.run.facts.get("usage") or {}).get("seconds", 0.0)
        return self.executor.took.get(self.executor.name(Plan(), OWN), float(before))

    def _runs(self, took: float) -> int:
        """About how many there is time for."""
        by_time = int(self.until.left / took) if took else 0
        most = self.budget_trials
        return by_time if most is None else min(by_time or most, most)

    def _searching(self, metric: Metric, took: float) -> "_Trials":
        """The trials of the search, which leaves enough for a proof."""
        left, most = self.until.left, self.budget_trials
        if self.trust:
            return _Trials(
                course=self,
                metric=metric,
                until=self.until,
                most=most,
                longest=LONG * took,
            )
        jobs = self.executor.jobs
        proof = ceil(LEAST / pairs_of(jobs)) * took * (1 if jobs > 1 else 2)  # at least
        searching = max(SEARCHING * (left - proof), LITTLE * left)
        return _Trials(
            course=self,
            metric=metric,
            until=Deadline(at=monotonic() + searching),
            most=None if most is None else max(1, most - 2 * LEAST),
            longest=LONG * took,
        )

    def _trusted(
        self,
        plan: Plan,
        metric: Metric,
        *,
        findings: tuple[Finding, ...],
        tried: tuple[Verdict, ...],
    ) -> Treatment:
        """What seems to help, on one seed alone."""
        plan.save(self.executor.folder / PLAN)
        self._written(plan)
        self.notes.append(
            "it is not confirmed: one run with it and one without say little; leave "
            "out --trust to have it proven"
        )
        verdict = next(one for one in tried if one.plan == plan)
        return self._treatment(metric, verdict, findings=findings, tried=tried)

    def _left_alone(
        self, diagnosis: Diagnosis, metric: Metric, tried: tuple[Verdict, ...] = ()
    ) -> Treatment:
        findings = treatable(diagnosis)
        if findings and tried:
            self.notes.append("nothing that was tried helps on all seeds of the search")
        elif findings:
            names = ", ".join(f.rule for f in findings)
            self.notes.append(
                f"no remedy against {names} can be tried on this training"
            )
        elif not diagnosis.healthy:
            self.notes.append("nothing was found, but not enough could be checked")
        if tried and not findings:
            self.notes.append(
                "what often helps was tried, and gains less than a tenth of what the "
                "training does"
            )
        healthy = diagnosis.healthy is True
        return self._treatment(
            metric, None, healthy=healthy, findings=findings, tried=tried
        )

    def _gained(self, metric: Metric) -> float:
        """What the training gains, from its first evaluation to its last."""
        signal = self.run.get(metric.name)
        values = [0.0] if signal is None else [0.0, *signal.finite().values.tolist()]
        return float(abs(values[-1] - values[1 if len(values) > 2 else 0]))

    def _proven(
        self,
        plan: Plan,
        metric: Metric,
        *,
        findings: tuple[Finding, ...] = (),
        tried: tuple[Verdict, ...] = (),
    ) -> Treatment:
        proof = Proof(
            plan=plan,
            greater_is_better=metric.greater_is_better,
            least_gain=self.least_gain,
            jobs=self.executor.jobs,
        )
        trials = _Trials(
            course=self, metric=metric, until=self.until, most=self.budget_trials
        )
        most = MOST
        if self.budget_trials is not None:
            most = min(most, (self.budget_trials - self.trials) // 2)
        verdict = proof.run(trials.run, ahead=trials.ahead, most=most)
        return self._treatment(metric, verdict, findings=findings, tried=tried)

    def _treatment(
        self,
        metric: Metric,
        verdict: Verdict | None,
        *,
        healthy: bool = False,
        findings: tuple[Finding, ...] = (),
        tried: tuple[Verdict, ...] = (),
    ) -> Treatment:
        notes = [metric.note, *dict.fromkeys(self.notes), _unmoved(verdict)]
        if self.stopped:
            notes.append(
                f"of the trials {self.stopped} stopped early, far behind the script as "
                "it is"
            )
        return Treatment(
            path=self.executor.folder,
            metric=metric.name,
            greater_is_better=metric.greater_is_better,
            verdict=verdict,
            seconds=monotonic() - self.begun,
            healthy=healthy,
            baseline=(metric.of(self.run),),
            findings=findings,
            tried=tried,
            against=self.against,
            trials=max(1, self.trials) + self.executor.waiting,  # the first is one
            notes=tuple(filter(None, notes)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trials:
    """Runs trials one after the other, and tells of each."""

    course: Course
    metric: Metric
    until: Deadline
    most: int | None = None  # trials of the whole treatment
    longest: float | None = None  # seconds, that a trial may take

    @property
    def seconds(self) -> float:
        """Seconds that a trial may take; none where there is nothing left."""
        if self.most is not None and self.course.trials >= self.most:
            return 0.0
        left, longest = self.until.left, self.longest
        return min(left, longest + STARTING) if longest else left

    def ahead(self, trials: Sequence[tuple[Plan, int]]) -> None:
        """Run trials beside each other that will be asked for."""
        left = None if self.most is None else self.most - self.course.trials
        if self.seconds > 0:
            self.course.executor.ahead(
                trials[:left], seconds=self.seconds, given_up=self._given_up
            )

    def _given_up(self, seed: int) -> GivenUp | None:
        """When a trial is, in a search; a proof has each end."""
        control = self.course.executor.place(Plan(), seed)
        if self.longest is None or self.longest < LONG * WORTH:
            return None
        if not databases(control):  # it was lost
            return None
        return given_up(open_run(control), self.metric)

    def run(self, plan: Plan, seed: int) -> float | None:
        """The metric; NaN where the run failed, None where there was no time."""
        executor, seconds = self.course.executor, self.seconds
        if seconds <= 0:
            return None
        stopping = self._given_up(seed) if plan.changes else None
        run = executor.run(plan, seed, seconds=seconds, given_up=stopping)
        if run is None and self.until.left <= 0:
            return None
        why = f"it took more than {seconds:.3g} s" if run is None else failure(run)
        changed = f" with {' + '.join(map(str, plan.changes))}" if plan.changes else ""
        if why is not None:
            self.course.notes.append(f"seed {seed} failed{changed}: {why}")
        value = nan if run is None or why is not None else self.metric.of(run)
        if run is not None:
            self.course.notes += [*_without_effect(plan, run), *_outside(run)]
            self.course.stopped += bool((run.facts.get("outcome") or {}).get("stopped"))
        self.course.trials += 1
        if self.course.on_trial is not None:
            name = executor.name(plan, seed)
            done = Trialled(
                plan=plan, seed=seed, value=value, seconds=executor.took.get(name)
            )
            self.course.on_trial(done)
        return value


def _without_effect(plan: Plan, run: Run) -> list[str]:
    """What is said of changes that found nothing to change."""
    said = (run.facts.get("plan") or {}).get("without_effect") or {}
    return [f"{c} changes nothing: {said[c.id]}" for c in plan.changes if c.id in said]


def _outside(run: Run) -> list[str]:
    """What is said of files that trials write to, as they would not be their own."""
    written = (run.facts.get("outside") or {}).get("written", ())
    return [f"each run writes to {path}, outside of its own folder" for path in written]


def _unmoved(verdict: Verdict | None) -> str:
    """That no seed of the script's was moved, where that is so."""
    known = [v for v in verdict.control if not isnan(v)] if verdict else []
    if len(known) < MANY or len({*known}) > 1:
        return ""
    return "all seeds give the same result: the script draws nothing that --seed moves"
