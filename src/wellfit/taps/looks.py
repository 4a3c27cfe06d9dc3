"""When to look at a step in full, within a share of the training's time."""

from time import perf_counter

FIRST = 5  # steps to be looked at: what goes wrong early, goes wrong here
GROWTH = 2.0  # looks are to be at most this factor apart, however short the training
LOAN = 0.03  # seconds that such looks may take before the training has paid for them
ADVANCE = 0.05  # of the time until now, that they may take all the same. What they take
# comes off what is left for others, so that in the end `overhead` holds; and where a
# busy machine makes all things slow, a short training is seen no less
OWN = 0.25  # of the overhead is for looks, whatever the other steps cost
ALARM = 5  # steps looked at after something unusual
QUIET = 1.3  # times as late an alarm is heard again
AIM = 0.75  # of the overhead that was asked for: some of the cost is not to be seen
TOGETHER = 4  # looks at successive steps: coming to look has a price of its own
HIDDEN = 3.0  # times what was timed: a look's cost by the clock is believed up to there
SKETCHED = 1.1  # the steps that are sketched too are this factor apart
SKETCH_FIRST = 5  # and the first so many looks are


class Looks:
    """Decides which steps are seen in full.

    As many as `overhead` (a share of the time, 0.02 is 2 %) pays for, some successive
    ones at a time. The first two are in any case; the first five, and a few ever
    further apart, where all of them take less than an eye notices. With `every` it is
    every so manieth step instead, at any price.

    What looks cost is timed by whoever looks (`spent`), in seconds of its thread, so
    that a busy machine does not make looks dear; and seen by the clock too: a step that
    was looked at took so much longer than the calm ones. `kept` are the
    seconds that it took to fetch and to say what was seen of all steps. `calm` is what
    every other step costs, in seconds, and `writing` what a thread has taken to record
    what was seen.
    """

    def __init__(self, *, overhead: float, every: int | None) -> None:
        self.spent = 0.0  # seconds, of looks that are done
        self.kept = 0.0
        self.taken = 0
        self.steps = 0
        self.calm = 0.0
        self.writing = 0.0  # seconds, of what was seen
        self.typical: float | None = None  # seconds of a step that is not looked at
        self.busy: float | None = None  # of these, by the clock that looks are timed by
        self._overhead = overhead
        self._every = every
        self._start: float | None = None
        self._owed = 0
        self._alarmed = 0
        self._quiet_until = 0  # from this step on an alarm is heard again
        self._sketched = 0
        self._more = 0  # looks that are to follow on the last one

    def begin(self) -> None:
        """The first step is under way."""
        self._start = perf_counter()

    def due(self, step: int) -> bool:
        """Whether that step is to be looked at; `step` are done."""
        self.steps = step
        if self._every is not None:
            return step % self._every == 0
        if self._alarmed > 0:
            self._alarmed -= 1
            return True
        if self.taken < 2:
            return True
        wanted = step < FIRST or step >= self._owed
        lent = max(LOAN, ADVANCE * self.elapsed)
        return (wanted and self.spent <= lent) or self._affordable()

    def _affordable(self) -> bool:
        whole = self._overhead * self.elapsed
        if self.cost <= AIM * whole or self.spent <= OWN * whole:
            self._more = TOGETHER - 1
            return True
        self._more -= 1
        return self._more >= 0 and self.cost <= whole

    def sketch(self, step: int) -> bool:
        """Whether a look at that step also takes what is dearer than a number."""
        if self.taken >= SKETCH_FIRST and step < self._sketched:
            return False
        self._sketched = max(step + TOGETHER, round(step * SKETCHED))
        return True

    def usual(self, seconds: float, busy: float | None = None) -> None:
        """So long the last steps took each, most of them not looked at.

        `busy` is the same by the clock that looks are timed by, where it is another.
        """
        self.typical = _smooth(self.typical, seconds)
        self.busy = _smooth(self.busy, seconds if busy is None else busy)

    def within(self, seconds: float) -> int:
        """How many steps that are not looked at end in that time; at least one."""
        return max(1, int(seconds / (self.typical or seconds)))

    def took(self, step: int, timed: float = 0.0, lasted: float = 0.0) -> None:
        """A look at that step took so many seconds of a step that lasted so long.

        Nothing is added to what was `spent` where neither is told.
        """
        longer = 0.0 if self.busy is None else lasted - self.busy
        self.spent += min(max(timed, longer), HIDDEN * timed)
        self.taken += 1
        self._owed = max(step + 1, round(step * GROWTH))

    def alarm(self, step: int) -> None:
        """Something unusual was seen: look at the next steps, if not just done so."""
        if step >= self._quiet_until:
            self._alarmed = ALARM
            self._quiet_until = round(QUIET * (step + 20))

    @property
    def cost(self) -> float:
        """Seconds that watching has cost until now."""
        calm = self.calm * (self.steps - self.taken)
        return self.spent + self.kept + self.writing + calm

    @property
    def elapsed(self) -> float:
        """Seconds since the first step."""
        return 0.0 if self._start is None else perf_counter() - self._start


def _smooth(known: float | None, latest: float) -> float:
    return latest if known is None else 0.8 * known + 0.2 * latest
