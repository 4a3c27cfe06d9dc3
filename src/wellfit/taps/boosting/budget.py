"""When to look at a booster's predictions and trees: what is paid is time."""

from time import perf_counter

FREE = 0.05  # seconds that are no cost to anybody
GROWTH = 2  # looks are at most this factor apart: 7 of them in 100 rounds
LOOKS = 0.6  # of what is allowed; the rest is for the trees, which are read at the end


class Budget:
    """Allows a share of a training's time, and at least a twentieth of a second.

    A few looks, ever further apart, are taken whatever they cost. With `every` each so
    manieth round is looked at instead, at any price.
    """

    def __init__(self, *, overhead: float, every: int | None) -> None:
        self.spent = 0.0  # seconds
        self.looks = 0
        self._overhead = overhead
        self._every = every
        self._begun = perf_counter()
        self._cost = 0.0  # of a look
        self._owed = 1  # the round that is looked at in any case

    @property
    def elapsed(self) -> float:
        """Seconds since the training began."""
        return perf_counter() - self._begun

    @property
    def left(self) -> float:
        """Seconds that may still be spent; any number of them with `every`."""
        return self._of(1.0)

    def _of(self, share: float) -> float:
        if self._every is not None:
            return float("inf")
        return share * max(FREE, self._overhead * self.elapsed) - self.spent

    @property
    def flush(self) -> bool:
        """Whether a look can be paid for; that of the last round comes on top."""
        return 2 * self._cost <= self._of(LOOKS)

    def due(self, step: int) -> bool:
        """Whether to look at the booster after so many rounds."""
        if self._every is not None:
            return step % self._every == 0
        return step >= self._owed or self.flush

    def pay(self, begun: float) -> None:
        """Something was done since then."""
        self.spent += perf_counter() - begun

    def looked(self, begun: float, step: int) -> None:
        """A look was taken since then, after so many rounds."""
        cost = perf_counter() - begun
        self._owed = GROWTH * step
        self.spent += cost
        self._cost = min(self._cost, cost) if self.looks else cost  # the first is cold
        self.looks += 1
