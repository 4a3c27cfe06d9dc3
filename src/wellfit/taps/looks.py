"""When to look at a step in full."""

from time import perf_counter

FIRST = 10  # steps that are always looked at: what goes wrong early, goes wrong here
GROWTH = 1.2  # looks are at most this factor apart: 40 of them in 10,000 steps
ALARM = 5  # steps looked at after something unusual


class Looks:
    """Decides which steps are seen in full, within a share of the training's time.

    The first ten steps are, then as many as `overhead` (a share of the time, 0.02 is
    2 %) pays for, and a few, ever further apart, whatever they cost. With `every` it
    is every so manieth step instead, at any price.
    """

    def __init__(self, *, overhead: float, every: int | None) -> None:
        self.spent = 0.0  # seconds
        self.taken = 0
        self._overhead = overhead
        self._every = every
        self._start: float | None = None
        self._owed = 0
        self._alarmed = 0
        self._calm = 0  # the step from which on an alarm is heard again

    def begin(self) -> None:
        """The first step is under way."""
        self._start = perf_counter()

    def due(self, step: int) -> bool:
        """Whether that step is to be looked at."""
        if self._every is not None:
            return step % self._every == 0
        if self._alarmed > 0:
            self._alarmed -= 1
            return True
        affordable = self.spent <= self._overhead * self.elapsed
        return step < FIRST or step >= self._owed or affordable

    def took(self, step: int) -> None:
        """A look at that step was taken."""
        self.taken += 1
        self._owed = max(step + 1, round(step * GROWTH))

    def alarm(self, step: int) -> None:
        """Something unusual was seen: look at the next steps, if not just done so."""
        if step >= self._calm:
            self._alarmed = ALARM
            self._calm = round(GROWTH * (step + 20))

    @property
    def elapsed(self) -> float:
        """Seconds since the first step."""
        return 0.0 if self._start is None else perf_counter() - self._start
