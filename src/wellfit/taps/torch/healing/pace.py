"""How often something may be done that takes time: within a share of the training's."""

from time import perf_counter


class Pace:
    """Allows what took so long only once the training has paid for it.

    `share` is of the training's time; `every` instead allows each so manieth step, at
    any price. The first time is always allowed, unless it is `expected` to take long.
    """

    def __init__(
        self, share: float, *, every: int | None = None, expected: float = 0.0
    ) -> None:
        self._share, self._every = share, every
        self._due = perf_counter() + self._pause(expected)
        self._begun = 0.0

    def due(self, step: int) -> bool:
        """Whether it may be done at that step."""
        if self._every is not None:
            return step % self._every == 0
        return perf_counter() >= self._due

    def begin(self) -> None:
        """It is done now."""
        self._begun = perf_counter()

    def end(self) -> None:
        """It was done."""
        now = perf_counter()
        self._due = now + self._pause(now - self._begun)

    def _pause(self, seconds: float) -> float:
        if seconds == 0.0:
            return 0.0
        return seconds / self._share if self._share else float("inf")
