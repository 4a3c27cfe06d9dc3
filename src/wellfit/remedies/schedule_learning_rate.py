"""schedule-learning-rate"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, pi
from typing import ClassVar, Literal

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, steps_of

Kind = Literal[
    "cosine", "step", "exponential", "piecewise", "one-cycle", "cyclical", "plateau"
]
FALLS = (0.5, 0.75)  # of the steps: there a tenth is left, and of it a tenth
PIECES = (0.3, 0.6, 0.8)  # likewise, a fifth each time
LEAST = 0.01  # where an exponential ends
RISING, FIRST, LAST = 0.3, 1 / 25, 1 / 25 / 1e4  # one cycle, as fastai has it
CYCLES, LOW = 4, 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleLearningRate(Remedy):
    """Lower the rate as training goes on.

    ## What it does
    The rates of the script, or of its schedule, are multiplied with a factor that
    changes over so many `steps`, and then stays where it is:

    - `cosine`: by half a cosine to 0;
    - `step`: a tenth after half of the steps, and of that a tenth after three quarters;
    - `exponential`: evenly, by the same share at each step, to a hundredth;
    - `piecewise`: a fifth after 0.3 of the steps, and again after 0.6 and 0.8;
    - `one-cycle`: from a 25th up to 1 in the first 0.3, and down to next to nothing;
    - `cyclical`: from a tenth up to 1 and down again, on straight lines, four times; it
      goes on so after the `steps`;
    - `plateau`: a tenth wherever so many `steps` went by without a validation loss that
      is below the least, and as many since the last time.

    ## What it costs
    Nothing; but `steps` must be how long the training is, but for the last two.

    ## When it cannot be applied
    To what is not trained by gradients, and to optimizers without a learning rate;
    `plateau` where no validation loss is seen, or several processes train together.

    ## References
    Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts,
    with one cycle; He et al. (2016), Deep residual learning, for `step`; Zagoruyko and
    Komodakis (2016), Wide residual networks, for `piecewise`; Smith and Topin (2018),
    Super-convergence, for `one-cycle`; Smith (2017), Cyclical learning rates.
    """

    touches: ClassVar = ("learning_rate",)

    steps: int = 1000
    kind: Kind = "cosine"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise BadSetting(f"steps must be 1 or more; got {self.steps}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Over the whole training; then with a warm-up before it."""
        steps = steps_of(run)
        if steps is None:
            return ()
        return cls(steps=steps), cls(steps=steps, kind="one-cycle")

    def apply(self, training: Training) -> None:
        """Shape the rates."""
        if self.kind == "plateau":
            training.ease_rates(self.steps)
            return
        shape = SHAPES[self.kind]
        training.shape_rates(lambda step: shape(step / self.steps))


def _cosine(part: float) -> float:
    return 0.5 * (1 + cos(pi * min(1.0, part)))


def _step(part: float) -> float:
    return float(0.1 ** bisect_right(FALLS, part))


def _exponential(part: float) -> float:
    return float(LEAST ** min(1.0, part))


def _piecewise(part: float) -> float:
    return float(0.2 ** bisect_right(PIECES, part))


def _one_cycle(part: float) -> float:
    if part <= RISING:
        return 1 + (FIRST - 1) * _cosine(part / RISING)
    return LAST + (1 - LAST) * _cosine((part - RISING) / (1 - RISING))


def _cyclical(part: float) -> float:
    place = part * CYCLES % 1
    return LOW + (1 - LOW) * (1 - abs(2 * place - 1))


# By the part of the steps that is over.
SHAPES: Mapping[Kind, Callable[[float], float]] = {
    "cosine": _cosine,
    "step": _step,
    "exponential": _exponential,
    "piecewise": _piecewise,
    "one-cycle": _one_cycle,
    "cyclical": _cyclical,
}
