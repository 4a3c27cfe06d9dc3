"""What is to be changed in a training: a Plan, which is a list of Changes."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wellfit.core.written import flow

VERSION = 1  # of the text of a plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One edit of a live training: what a remedy does, with its parameters.

    >>> print(Change(change="lower-learning-rate", params={"factor": 0.1}))
    lower-learning-rate(factor=0.1)
    """

    change: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The same for the same edit: applied twice, it is applied once."""
        said = json.dumps([self.change, dict(self.params)], sort_keys=True)
        return f"{self.change}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.change}({given})"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Change":
        """Read back what `to_json` gave."""
        return cls(change=data["change"], params=data["params"])

    def to_json(self) -> dict[str, Any]:
        """The change as plain data, in the form that docs/json.md pins."""
        return {"change": self.change, "params": dict(self.params), "id": self.id}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Changes, in the order in which they are applied; each of them once.

    `wellfit run --with plan.yaml` trains with one; `wellfit.remedies.plans.read_plan`
    reads it, and says what it cannot be.
    """

    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, *changes: Change) -> "Plan":
        """A plan of these, those that come again left out."""
        return cls(changes=tuple({one.id: one for one in changes}.values()))

    @property
    def ids(self) -> tuple[str, ...]:
        """Those of its changes: the same for the same plan."""
        return tuple(one.id for one in self.changes)

    @classmethod
    def from_json(cls, data: Iterable[Mapping[str, Any]]) -> "Plan":
        """Read back what `to_json` gave."""
        return cls.of(*map(Change.from_json, data))

    def to_json(self) -> list[dict[str, Any]]:
        """The changes as plain data."""
        return [one.to_json() for one in self.changes]

    def to_yaml(self) -> str:
        """The text of `plan.yaml`."""
        lines = [f"version: {VERSION}"]
        if not self.changes:
            return "\n".join([*lines, "changes: []", ""])
        lines.append("changes:")
        for one in self.changes:
            lines.append(f"  - change: {one.change}")
            if one.params:
                lines.append("    params:")
            lines += [f"      {n}: {flow(value)}" for n, value in one.params.items()]
        return "\n".join([*lines, ""])

    def save(self, path: str | Path) -> Path:
        """Write that text to a file; what was there goes."""
        file = Path(path)
        file.write_text(self.to_yaml(), encoding="utf-8")
        return file
