"""Where a reading of the machine comes from."""

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a source tells at one moment, by name of the signal, without its phase.

    `levels` are as they are; `totals` have been counted from some beginning and never
    fall: their growth a second becomes the signal.
    """

    levels: dict[str, float] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)


class Source(Protocol):
    """A part of the machine that can be asked again and again."""

    name: str  # what cannot be watched, where it fails

    def fact(self) -> dict[str, Any]:
        """What it adds to the fact `machine`."""

    def read(self) -> Reading:
        """How it stands now."""
