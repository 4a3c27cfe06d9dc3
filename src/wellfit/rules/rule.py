"""What every rule is: one problem, judged from a Run alone."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules.lacking import has, lacking


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What rules of a run and rules of a sweep have in common: a name, and findings.

    A rule whose false alarms are not measured yet is a `preview`: it says notes only.
    """

    preview: ClassVar[bool] = False
    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ()
    remedies: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def name(cls) -> str:
        """The rule's public name: `ExplodingGradients` is `exploding-gradients`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    def finding(
        self,
        summary: str,
        *,
        confidence: float,
        severity: Severity | None = None,
        where: Iterable[str] = (),
        since: int | None = None,
        evidence: Iterable[Evidence] = (),
    ) -> Finding:
        """A finding of this rule, with its name and its remedies filled in."""
        said = self.severity if severity is None else severity
        return Finding(
            rule=self.name(),
            severity=Severity.NOTE if self.preview else said,
            confidence=round(min(max(confidence, 0.0), 1.0), 2),
            summary=summary,
            where=tuple(where),
            since=None if since is None else int(since),
            evidence=tuple(evidence),
            remedies=self.remedies,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule(Problem, ABC):
    """One problem. Its docstring is the page that `wellfit explain` prints.

    A rule is pure: the same run gives the same answer, and nothing else happens.
    Thresholds are its fields, each with its source beside it. `needs` names the
    signals (`grad_norm`, `val/loss`, `grad_norm@*` for one by place) and the facts
    (`facts:objective`) without which it cannot judge. The signals that it is given
    stand in the order of their steps.
    """

    def judge(self, run: Run) -> Finding | NotChecked | None:
        """`check`, where the run has what the rule needs; else what is missing."""
        missing = [need for need in self.needs if not has(run, need)]
        if missing:
            return NotChecked(reason=lacking(run, missing))
        # Runs that diverged hold numbers that overflow when they are compared.
        with np.errstate(all="ignore"):
            return self.check(in_order(run))

    @abstractmethod
    def check(self, run: Run) -> Finding | NotChecked | None:
        """The finding, why it could not be judged, or None: all is well."""


def in_order(run: Run) -> Run:
    """The run, each of its signals in the order of its steps."""
    return replace(run, signals=_InOrder(run.signals))


class _InOrder(Mapping[str, Signal]):
    """Signals by the order of their steps: some are said by two that look at a step."""

    def __init__(self, recorded: Mapping[str, Signal]) -> None:
        self._recorded = recorded

    def __getitem__(self, name: str) -> Signal:
        signal = self._recorded[name]
        if np.all(signal.steps[1:] >= signal.steps[:-1]):
            return signal
        order = np.argsort(signal.steps, kind="stable")
        return Signal(
            name=signal.name, steps=signal.steps[order], values=signal.values[order]
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._recorded)

    def __len__(self) -> int:
        return len(self._recorded)
