"""What the tap needs of a recorder."""

from typing import Any, Protocol


class Records(Protocol):
    """Where a tap writes to: `wellfit.record.Recorder`, or another of its form."""

    def fact(self, key: str, value: Any) -> None:
        """Say a fact, or say it anew."""

    def value(self, name: str, step: int, value: float) -> None:
        """One number of a signal."""

    def event(self, kind: str, step: int, **data: Any) -> None:
        """Something happened."""
