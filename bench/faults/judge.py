"""What wellfit says of the runs, and whether that is right."""

import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from bench.faults import store
from bench.faults.cases import Case
from wellfit.core.finding import Severity
from wellfit.verbs.diagnose import diagnose

RIGHT: dict[str, tuple[str, ...]] = {
    fault: tuple(rules)
    for fault, rules in tomllib.loads(
        (Path(__file__).parent / "right.toml").read_text("utf-8")
    ).items()
}
FIRST = 3  # findings among which the cause should be


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One finding at `warning` or above."""

    rule: str
    confidence: float
    summary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A case and what was found, the most probable root cause first.

    `unchecked` names the rules that could not judge the run.
    """

    case: Case
    findings: tuple[Said, ...]
    unchecked: tuple[str, ...]

    @property
    def right(self) -> tuple[str, ...]:
        """The rules that are right here: the cause proper, then its equals."""
        return RIGHT[self.case.fault] if self.case.fault else ()

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(said.rule for said in self.findings)

    @property
    def first(self) -> bool:
        return bool(self.findings) and self.rules[0] in self.right

    @property
    def among_first(self) -> bool:
        return any(rule in self.right for rule in self.rules[:FIRST])


def judge(case: Case) -> Judged:
    """Diagnose the run of a case that has been trained."""
    found = diagnose(store.place(case.setting) / "run")
    grave = [f for f in found.findings if f.severity.rank >= Severity.WARNING.rank]
    return Judged(
        case=case,
        findings=tuple(
            Said(rule=f.rule, confidence=f.confidence, summary=f.summary) for f in grave
        ),
        unchecked=tuple(found.not_checked),
    )


def judge_all(cases: Iterable[Case], *, jobs: int = 1) -> Sequence[Judged]:
    """The same of many."""
    if jobs == 1:
        return [judge(case) for case in cases]
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        return list(pool.map(judge, cases, chunksize=16))
