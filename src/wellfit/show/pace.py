"""How often to do what costs something."""

from collections.abc import Callable


class Pace:
    """Lets something be done again only after many times what it took.

    Resting 20 times as long keeps it under 5 % of the time. `clock` gives seconds.
    """

    def __init__(
        self, clock: Callable[[], float], *, rest: float, least: float = 0.0
    ) -> None:
        self._clock = clock
        self._rest = rest
        self._least = least  # seconds
        self._ready = clock()

    @property
    def due(self) -> bool:
        """Whether it may be done now."""
        return self._clock() >= self._ready

    def took(self, seconds: float) -> None:
        """It has just been done, and took so long."""
        self._ready = self._clock() + max(self._rest * seconds, self._least)
