"""`wellfit treat SCRIPT`: what helps a training, found and proven by trials."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TypedDict, Unpack

from wellfit.core.errors import BadScript, BadSetting
from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.core.treatment import Begun, Treatment, Trialled

if TYPE_CHECKING:
    from wellfit.trainer.clock import Deadline
    from wellfit.trials.course import Course
    from wellfit.trials.executors.executor import Executor
    from wellfit.trials.ledger import Ledger

FIRST = 1  # of the seeds of a proof
LEAVING = 1.0  # seconds, to write down what was found
BUDGET = "20m"
LOCAL = "local"


class Options(TypedDict, total=False):
    """Keywords of `treat`, which explains each."""

    metric: str | None
    budget: float | str
    least_gain: float
    budget_trials: int | None
    trust: bool
    out: str | Path | None
    module: bool
    jobs: int | None
    on: str
    ledger: bool
    memory: int | str | None
    on_begin: Callable[[Begun], None] | None
    on_trial: Callable[[Trialled], None] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _How:
    metric: str | None = None
    budget: float | str = BUDGET
    least_gain: float = 0.0
    budget_trials: int | None = None
    trust: bool = False
    out: str | Path | None = None
    module: bool = False
    jobs: int | None = None
    on: str = LOCAL
    ledger: bool = True
    memory: int | str | None = None
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
    improvement leaves no doubt, or the `budget` (a time such as 20m, or seconds) or
    `budget_trials` are spent. With `trust` nothing is proven: what helps on the
    script's own seed is believed to, and said to be unconfirmed. `metric` is a signal
    of the run, by default the validation loss at its end; `least_gain` is the
    improvement, in its unit, from which on it counts. With `module` the script is the
    name of a module. `jobs` trials (one) are run beside each other, sharing the
    processors. `on` says where: on this machine (`local`), on the Ray cluster that it
    is part of (`ray`), or on another (`ray://HOST`), where `jobs` is by default what
    there is room for. A trial that takes more `memory` (such as 4G, or bytes) is ended,
    and has failed. Trials stand in `out`, where those that are there already are not
    run again. What was tried is kept in the `ledger`, by which the next treatment tries
    first what helped most often; False keeps and asks nothing. `on_begin` is told what
    is to be tried, `on_trial` of each trial. `BadScript` where the script fails as it
    is; `BadSetting` or `UnknownName` for a plan, a metric or a cluster that there is
    not.
    """
    from wellfit.remedies.plans import read_plan
    from wellfit.trainer.clock import Deadline, seconds_of
    from wellfit.trials.course import Course
    from wellfit.trials.kept import id_of
    from wellfit.trials.ledger import Ledger, learnt
    from wellfit.trials.outlook import OWN
    from wellfit.verbs.diagnose import diagnose
    from wellfit.verbs.run import check

    how, begun = _How(**options), monotonic()
    given = None
    if plan is not None:
        given = plan if isinstance(plan, Plan) else read_plan(plan)
    name = check(str(script), module=how.module)
    until = Deadline(at=begun + seconds_of(how.budget) - LEAVING)
    folder = _folder(how.out, name)
    _check(how, searching=given is None)
    words = [str(script), *args]
    seed = OWN if given is None else FIRST
    own, ledger = id_of(folder), Ledger.here() if how.ledger else None
    with _executor(words, how, folder=folder, until=until) as executor:
        course = Course(
            executor=executor,
            run=_first(executor, until, how, seed),
            until=until,
            begun=begun,
            metric=how.metric,
            diagnose=diagnose,
            least_gain=how.least_gain,
            budget_trials=how.budget_trials,
            trust=how.trust,
            on_begin=how.on_begin,
            on_trial=how.on_trial,
            known=() if ledger is None else (*ledger.experience(but=own), *learnt()),
        )
        found = course.search() if given is None else course.prove(given)
    return _kept(found, course, executor.place(Plan(), seed), own, ledger)


@contextmanager
def _executor(
    words: Sequence[str], how: _How, *, folder: Path, until: "Deadline"
) -> "Iterator[Executor]":
    """What runs the trials, where `how.on` says."""
    from wellfit.trainer.room import bytes_of

    memory = None if how.memory is None else bytes_of(how.memory)
    if how.on == LOCAL:
        from wellfit.trials.executors.local import Local

        local = Local(
            words=words,
            module=how.module,
            folder=folder,
            jobs=how.jobs or 1,
            memory=memory,
        )
        with closing(local.forks):
            yield local
        return
    from wellfit.trials.executors.cluster import cluster

    with cluster(
        how.on,
        words,
        module=how.module,
        folder=folder,
        jobs=how.jobs,
        memory=memory,
        until=until,
    ) as found:
        yield found


def _check(how: _How, *, searching: bool) -> None:
    """`BadSetting` for what cannot be."""
    from wellfit.trials.course import LEAST

    if how.jobs is not None and how.jobs < 1:
        raise BadSetting(f"jobs must be 1 or more; got {how.jobs}")
    if how.trust and not searching:
        raise BadSetting("trust is for a search: a plan that is given is proven")
    least = 2 if how.trust else 2 * LEAST + 2 * searching
    if how.budget_trials is not None and how.budget_trials < least:
        what = "a search" if how.trust else f"a proof, which takes {2 * LEAST} alone"
        raise BadSetting(
            f"budget_trials must be {least} or more for {what}; got {how.budget_trials}"
        )


def _kept(
    found: Treatment, course: "Course", first: Path, name: str, ledger: "Ledger | None"
) -> Treatment:
    """Written down, and with it what it taught; neither ends it where it fails."""
    from wellfit.trials.experience import entries_of
    from wellfit.trials.kept import keep

    if ledger is not None:
        ledger.keep(name, entries_of(found, course.run))
        found = replace(found, notes=(*found.notes, *ledger.notes))
    try:
        keep(found, course.executor, first=first, id=name)
    except OSError as error:
        note = f"the treatment could not be kept for `wellfit report`: {error}"
        found = replace(found, notes=(*found.notes, note))
    return found


def _folder(out: str | Path | None, name: str) -> Path:
    from wellfit.record import new_folder

    folder = Path(out) if out else new_folder(f"{name}-treated")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _first(executor: "Executor", until: "Deadline", how: _How, seed: int) -> Run:
    """The script as it is; `BadScript` where no plan can be proven by it."""
    from wellfit.trials.executors.trial import failure
    from wellfit.trials.outlook import OWN

    script = executor.words[0]
    run = executor.run(Plan(), seed, seconds=until.left, judging=seed == OWN)
    if run is None:
        raise BadScript(
            f"{script} takes longer as it is than all of the budget, {how.budget}; at "
            "least three pairs of runs are needed: give it more --budget"
        )
    why = failure(run)
    if why is not None:
        raise BadScript(f"{script} fails as it is, which no plan is proven by: {why}")
    return run
