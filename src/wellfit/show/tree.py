"""Findings as a person reads them: what one explains stands beneath it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wellfit.core.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """A finding, and the findings that it explains."""

    finding: Finding
    beneath: tuple["Branch", ...] = ()


class Placed(NamedTuple):
    """A finding with its number (`1.2`), and the finding that explains it."""

    mark: str
    finding: Finding
    cause: Finding | None

    @property
    def depth(self) -> int:
        """How many findings stand above this one."""
        return self.mark.count(".")


def tree(findings: Sequence[Finding]) -> tuple[Branch, ...]:
    """The findings with each beneath the first of its causes that stands before it.

    The order is kept: most probable root cause first. A cause that comes later is
    no parent, so no circle of causes can hide a finding.
    """
    parents = [_parent(findings, at) for at in range(len(findings))]
    return _children(findings, parents, None)


def placed(findings: Sequence[Finding]) -> list[Placed]:
    """The findings one after the other, each followed by what it explains."""
    return list(_walk(tree(findings), "", None))


def _walk(
    branches: tuple[Branch, ...], above: str, cause: Finding | None
) -> Iterator[Placed]:
    for place, branch in enumerate(branches, start=1):
        yield Placed(f"{above}{place}", branch.finding, cause)
        yield from _walk(branch.beneath, f"{above}{place}.", branch.finding)


def _parent(findings: Sequence[Finding], at: int) -> int | None:
    before = {finding.rule: i for i, finding in reversed([*enumerate(findings[:at])])}
    return next((before[c] for c in findings[at].causes if c in before), None)


def _children(
    findings: Sequence[Finding], parents: list[int | None], of: int | None
) -> tuple[Branch, ...]:
    return tuple(
        Branch(finding=findings[i], beneath=_children(findings, parents, i))
        for i, parent in enumerate(parents)
        if parent == of
    )
