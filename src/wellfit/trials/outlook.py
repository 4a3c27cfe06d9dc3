"""What to try next, and by which metric: by the diagnosis of each run of a search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from wellfit.core.finding import Diagnosis
from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.record import open_run
from wellfit.record.folder import databases
from wellfit.trials.executors.executor import Executor
from wellfit.trials.experience import Experience
from wellfit.trials.metric import Metric, metric_of
from wellfit.trials.proposals import Proposal, general, proposals_for, treatable
from wellfit.trials.search import Outlook

OWN = 0  # the seed that leaves the script's own as they are
OTHERWISE = ("val/accuracy", "val/r2")  # the metric, where the loss is changed


def judged_by(run: Run, diagnosis: Diagnosis, name: str | None) -> Metric:
    """The metric of a search; a loss that a change redefines is of another scale."""
    metric = metric_of(run, name, treatable(diagnosis))
    proposed = proposals_for(run, diagnosis)
    redefined = any(metric.is_redefined_by(p.touches) for p in proposed)
    other = next((n for n in OTHERWISE if run.get(n) is not None), None)
    if name is None and redefined and other is not None:
        note = "a change of the loss is tried, so that the loss cannot judge it"
        return replace(metric_of(run, other), note=note)
    return metric


@dataclass(kw_only=True, slots=True)
class Outlooks:
    """What is to be expected of a plan, by its run on the script's own seed.

    `first` is the diagnosis of the script as it is, and `diagnose` gives that of a
    folder. `against` tells of each change, by its id, the rule whose finding it is
    proposed against; `notes` are what a reader should know.
    """

    executor: Executor
    run: Run  # the script as it is
    first: Diagnosis
    metric: Metric
    diagnose: Callable[[Path], Diagnosis]
    known: Sequence[Experience] = ()
    against: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def of(self, plan: Plan) -> Outlook:
        """Of a plan that has been tried."""
        folder = self.executor.place(plan, OWN)
        said = self.diagnose(folder) if plan.changes else self.first
        run = open_run(folder) if plan.changes else self.run
        proposals = self._kept(self._proposed(plan, run, said))
        for one in proposals:
            self.against.setdefault(one.change.id, one.rule)
        wrong = {f.rule for f in treatable(self.first)}
        well = wrong <= {*said.passed} and not treatable(said)
        return Outlook(proposals=proposals, well=well)

    def idle(self, plan: Plan) -> frozenset[str]:
        """The remedies of a plan that has been tried which found nothing to change."""
        folder = self.executor.place(plan, OWN)
        facts = open_run(folder).facts if databases(folder) else {}
        without = (facts.get("plan") or {}).get("without_effect") or {}
        return frozenset(c.change for c in plan.changes if c.id in without)

    def _proposed(self, plan: Plan, run: Run, said: Diagnosis) -> tuple[Proposal, ...]:
        """Against what was found; of the script as it is, what often helps too."""
        found = proposals_for(run, said, self.known)
        if plan.changes:
            return found
        ids = {one.change.id for one in found}
        often = general(run, self.known)
        return found + tuple(p for p in often if p.change.id not in ids)

    def _kept(self, proposed: Sequence[Proposal]) -> tuple[Proposal, ...]:
        """But for those that the metric cannot judge."""
        left = [p for p in proposed if self.metric.is_redefined_by(p.touches)]
        if left:
            names = ", ".join(sorted({one.change.change for one in left}))
            self.notes.append(
                f"not tried: {names}, which changes the loss that it would be judged "
                "by; name another --metric, such as val/accuracy"
            )
        return tuple(p for p in proposed if p not in left)
