"""What several runs tell together that none of them tells alone."""

from collections.abc import Collection, Iterable
from pathlib import Path

from wellfit.core.causes import rank
from wellfit.core.errors import BadSetting
from wellfit.core.finding import Diagnosis, Finding, NotChecked
from wellfit.core.run import Run
from wellfit.rules.sweep_rule import SweepRule
from wellfit.verbs.diagnose import Said, Thresholds, answer, chosen

# What the runs are like one by one is not judged here, so that a sweep in which nothing
# is wrong is not called healthy.
NOT_COVERED = {"the runs one by one": ()}


def sweep(
    runs: Iterable[Run | str | Path],
    *,
    ignore: Collection[str] = (),
    rules: Thresholds | None = None,
) -> Diagnosis:
    """Say what is wrong with a sweep: runs of one training under several settings.

    `runs` are Runs, or the folders of some; what differs among them (seeds,
    hyperparameters) is read from their facts. `ignore` and `rules` are those of
    `diagnose`. `BadSetting` where there is no run at all.
    """
    opened = [_opened(run) for run in runs]
    if not opened:
        raise BadSetting("a sweep needs at least one run; got none")
    said: dict[str, Said] = {
        rule.name(): answer(rule.judge, opened)
        for rule in chosen(ignore, rules or {})
        if isinstance(rule, SweepRule)
    }
    return Diagnosis(
        findings=rank([x for x in said.values() if isinstance(x, Finding)]),
        not_checked={n: x for n, x in said.items() if isinstance(x, NotChecked)},
        passed=tuple(name for name, x in said.items() if x is None),
        coverage=NOT_COVERED,
    )


def _opened(run: Run | str | Path) -> Run:
    if isinstance(run, Run):
        return run
    from wellfit.record import open_run

    return open_run(run)
