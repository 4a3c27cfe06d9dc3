"""Time: budgets as people write them, and what is left of one."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wellfit.core.errors import BadSetting

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def seconds_of(budget: float | str) -> float:
    """Seconds of a budget: a number of them, or text such as 60s, 20m or 1.5h.

    >>> [seconds_of(b) for b in (30, "45s", "20m", "1.5h")]
    [30.0, 45.0, 1200.0, 5400.0]
    """
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(s|m|min|h|)\s*", str(budget))
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if seconds <= 0:
        raise BadSetting(f"a budget is a time such as 60s, 20m or 1h; got {budget!r}")
    return seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """A moment on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """The moment so many seconds from now."""
        return cls(at=time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until then; zero once it has passed."""
        return max(0.0, self.at - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return self.left == 0.0

    def share(self, parts: int) -> "Deadline":
        """The end of the first of so many equal parts of what is left."""
        return Deadline.after(self.left / max(parts, 1))


class Stopwatch:
    """Counts on from the seconds already `spent`.

    `reserve` is how long what was timed by `reserving` took last: it will again.
    """

    def __init__(self, *, spent: float = 0.0) -> None:
        self._began = time.monotonic() - spent
        self.reserve = 0.0

    @property
    def spent(self) -> float:
        """Seconds until now, those before it was started among them."""
        return time.monotonic() - self._began

    @contextmanager
    def reserving(self) -> Iterator[None]:
        """Time what is within."""
        begun = time.monotonic()
        yield
        self.reserve = time.monotonic() - begun
