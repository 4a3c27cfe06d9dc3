"""What is ordinary for a number of this training, by its own past; and what is not.

Nothing but what came before is judged by, and what is out of the ordinary is no part of
it: a spike does not make the next one look usual.
"""

import math
from collections import deque
from dataclasses import dataclass, field, replace
from statistics import median
from typing import NamedTuple

WINDOW = 64  # ordinary values, that tell the level and its spread
EVERY = 16  # of them, after which that is told anew
FIRST = 16  # values, before which nothing but NaN and infinity is out of the ordinary
MOST = 256  # levels of the past that are kept, ever further apart
EARLY = 0.1  # of the past: the level there is what the training is held to. What falls
# back beyond it has lost nine tenths of its steps
SIGMAS = 6.0  # above the level: rules/divergence.py has the same, for as many looks
LEAP = 3.0  # times the highest level, as in rules/divergence.py; and three values in a
ROW = 3  # row above all that came before are no single bad batch
VAST = 100.0  # times it: with gradients as far beyond theirs no step is to be taken
LOST = 0.5  # of what was won since the early level, by all that came in these steps of
PATIENCE = (30, 300)  # patience: at least, at most; between them a tenth of the past.
# Spikes that heal by themselves do so in tens of steps (Takase et al. 2023, figure 1)
# Losses after going back by which it is judged whether that is any better: of weights
# that exploded the first is, before any step that may have them explode again.
TRIAL = {"spike": 5, "explosion": 1}
RAISED = 1.2  # times the rate before: the script has raised it, and may want the rise
RATIO = 100.0  # of a gradient norm to its median, as in rules/exploding_gradients.py,
BEYOND = 10.0  # and to the largest ever: near its end a training has tiny gradients


class Fault(NamedTuple):
    """What was seen, as a sentence; since which step; whether one batch may be it."""

    kind: str  # `non-finite`, `explosion`, `spike`; `data` are to blame for a spike
    text: str
    since: int
    sudden: bool = False


class Level(NamedTuple):
    """The middle of some successive values, and the greatest of them."""

    middle: float
    top: float


@dataclass(kw_only=True, slots=True)
class Course:
    """The ordinary values of a number until now, and how far they go."""

    count: int = 0
    middle: float = math.nan  # of the last `WINDOW`
    bar: float = math.inf  # the greatest that is ordinary
    early: float = math.nan  # the level at a tenth of the past
    low: float = math.inf  # the least level
    high: float = -math.inf  # the greatest
    top: float = -math.inf  # the greatest value since that tenth
    ever: float = -math.inf  # and of all
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _levels: list[Level] = field(default_factory=list)
    _each: int = EVERY  # values that a level is of
    _part: list[float] = field(default_factory=list)

    def take(self, value: float) -> None:
        """An ordinary value."""
        self.count += 1
        self._recent.append(value)
        self._part.append(value)
        self.ever = max(self.ever, value)
        if len(self._part) >= self._each:
            self._levels.append(Level(median(self._part), max(self._part)))
            self._part = []
            if len(self._levels) > MOST:
                self._thin()
        if self.count % EVERY == 0:
            self._tell()

    def _thin(self) -> None:
        pairs = zip(self._levels[::2], self._levels[1::2], strict=False)
        self._levels = [
            Level((a.middle + b.middle) / 2, max(a.top, b.top)) for a, b in pairs
        ]
        self._each *= 2

    def _tell(self) -> None:
        self.middle = median(self._recent)
        spread = 1.4826 * median(abs(v - self.middle) for v in self._recent)
        self.bar = self.middle + SIGMAS * max(spread, 0.01 * abs(self.middle))
        levels = self._levels
        tenth = int(EARLY * len(levels))
        if levels:
            self.early = levels[tenth].middle
            self.top = max(level.top for level in levels[tenth:])
        else:
            self.early, self.top = self.middle, self.ever
        self.low, self.high = min(self.low, self.middle), max(self.high, self.middle)

    def copy(self) -> "Course":
        """The past as it is now."""
        kept = deque(self._recent, maxlen=WINDOW)
        return replace(self, _recent=kept, _levels=[*self._levels], _part=[*self._part])

    @property
    def known(self) -> bool:
        """Whether enough was seen to judge by."""
        return self.count >= FIRST

    def above(self, times: float) -> float:
        """So many times the highest level, whatever its sign, and above all values."""
        size = max(self.high - self.low, abs(self.high))
        return max(self.high + (times - 1) * size, self.ever, self.bar)

    @property
    def lost(self) -> float:
        """The level at which so much of what was won is lost again."""
        won = max(self.early - self.low, 0.1 * abs(self.early))
        return max(self.low + LOST * won, self.bar)

    @property
    def patience(self) -> int:
        """Values for which a spike is given time."""
        return min(max(PATIENCE[0], self.count // 10), PATIENCE[1])


class Judge:
    """Judges the losses and the gradient norms of one optimizer, as they come.

    Where there are `several` optimizers one's win may be another's loss: then a loss is
    judged only where it is vast.
    """

    def __init__(self) -> None:
        self.losses, self.norms = Course(), Course()
        self.several = False
        self._high: list[float] = []  # losses since one was out of the ordinary
        self._since = 0
        self._rate = 0.0  # before they were
        self._steep: list[float] = []  # norms that are, in a row
        self._steep_since = 0
        self._trial: list[float] | None = None  # losses since it went back
        self._length, self._level = 0, math.inf  # how many there will be, and the bar

    @property
    def calm(self) -> bool:
        """Whether the last loss and the last gradient were ordinary."""
        return not self._high and not self._steep and self._trial is None

    def see(
        self, step: int, loss: float | None, norm: float | None, rate: float = 0.0
    ) -> Fault | None:
        """A step is about to be taken, with these; what is wrong, if anything is."""
        for name, value in (("loss", loss), ("gradient norm", norm)):
            if value is not None and not math.isfinite(value):
                return Fault("non-finite", f"the {name} is {value}", step, sudden=True)
        sudden = self._both(step, loss, norm)
        if sudden is not None:
            return sudden
        steep = None if norm is None else self._norm(step, norm)
        rose = None if loss is None else self._loss(step, loss, rate)
        return rose or steep

    def past(self) -> "Judge":
        """Another, which knows the same past, and nothing out of the ordinary."""
        other = Judge()
        other.losses, other.norms = self.losses.copy(), self.norms.copy()
        other.several, other._rate = self.several, self._rate
        return other

    def on_trial(self, kind: str, level: float) -> None:
        """After a fault: is the loss of the state from before it what it was there?

        Or is it nearer to the `level` that it was gone back for?
        """
        self._trial, self._length = [], TRIAL[kind]
        self._level = (self.losses.middle + level) / 2

    @property
    def level(self) -> float:
        """Of the losses that are out of the ordinary; infinite of none."""
        late = self._high[len(self._high) // 2 :]
        return median(late) if late else math.inf

    def _both(self, step: int, loss: float | None, norm: float | None) -> Fault | None:
        """A loss and a gradient far beyond all that was: no step is to be taken."""
        losses, norms = self.losses, self.norms
        if loss is None or norm is None or not (losses.known and norms.known):
            return None
        if loss <= losses.above(VAST) or norm <= RATIO * norms.ever:
            return None
        text = (
            f"the loss is {loss:.3g}, where {losses.middle:.3g} was usual, and the "
            f"gradient norm {norm:.3g}, where it never was above {norms.ever:.3g}"
        )
        return Fault("explosion", text, step, sudden=True)

    def _norm(self, step: int, norm: float) -> Fault | None:
        norms = self.norms
        if not norms.known or norm <= max(RATIO * norms.middle, BEYOND * norms.ever):
            self._steep = []
            norms.take(norm)
            return None
        if not self._steep:
            self._steep_since = step
        self._steep.append(norm)
        if len(self._steep) < ROW:
            return None
        text = (
            f"the gradient norm was {min(self._steep):.3g} or more for {ROW} steps, "
            f"where {norms.middle:.3g} was usual and {norms.ever:.3g} the most"
        )
        return Fault("explosion", text, self._steep_since)

    def _loss(self, step: int, loss: float, rate: float) -> Fault | None:
        losses, high = self.losses, self._high
        if self._trial is not None:
            return self._tried(step, loss, self._trial)
        if not high:
            if not losses.known or loss <= losses.bar:
                losses.take(loss)
                self._rate = rate or self._rate
                return None
            self._since = step
        high.append(loss)
        if len(high) >= ROW:
            if min(high[-ROW:]) > losses.above(VAST if self.several else LEAP):
                return self._rose("explosion", ROW, min(high[-ROW:]))
            if median(high[-5:]) <= losses.bar:
                self._accept()
            elif len(high) >= losses.patience:
                return self._stayed(rate)
        return None

    def _tried(self, step: int, loss: float, trial: list[float]) -> Fault | None:
        """After a fault: the state from before it, on the batches that come now."""
        trial.append(loss)
        if len(trial) < self._length:
            return None
        self._trial, middle = None, median(trial)
        if not middle > self._level:
            return None
        return Fault("data", f"the loss was about {middle:.3g} there, too", step)

    def _stayed(self, rate: float) -> Fault | None:
        """A spike has had its time: is it one, or what is usual from now on?"""
        raised = rate > RAISED * self._rate > 0
        if self.level > self.losses.lost and not raised and not self.several:
            return self._rose("spike", len(self._high), self.level)
        self._accept()
        return None

    def _accept(self) -> None:
        for value in self._high:
            self.losses.take(value)
        self._high = []

    def _rose(self, kind: str, steps: int, value: float) -> Fault:
        usual, early = self.losses.middle, self.losses.early
        text = (
            f"the loss was about {value:.3g} for {steps} steps, where {usual:.3g} was "
            f"usual, and {early:.3g} early in the run"
        )
        return Fault(kind, text, self._since)
