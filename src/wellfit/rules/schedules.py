"""The learning rate of a run: where it stood, fell, and went up and down."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Run
from wellfit.rules.curves import Values

CHANGED = 1.5  # times as high, or as low: less is a decay's single small step
TURNS = 2  # rises after falls: one is a warm-up


def rates(run: Run, steps: NDArray[Any]) -> Values | None:
    """The rate in force at each of these steps; None where it is not known."""
    known = run.get("learning_rate")
    if known is None or not len(known := known.finite()):
        return None
    places = np.searchsorted(known.steps, steps, side="right") - 1
    return np.asarray(known.values[np.maximum(places, 0)])


def cyclical(run: Run) -> bool:
    """Whether the rate is raised again and again: cycles, or warm restarts."""
    known = run.get("learning_rate")
    if known is None or len(known := known.finite()) < 3:
        return False
    turn = known.values[:1]
    for value in known.values[1:]:
        # Only turns of some height: what is held differs from the last by a factor.
        if value > CHANGED * turn[-1] or value < turn[-1] / CHANGED:
            turn = np.append(turn, value)
        elif (value - turn[-1]) * (turn[-1] - turn[-2] if len(turn) > 1 else 0) > 0:
            turn[-1] = value
    falls = np.flatnonzero(np.diff(turn) < 0)
    if not len(falls):
        return False
    rises = np.diff(turn[falls[0] :]) > 0
    began = np.flatnonzero(np.diff(rises.astype(int)) > 0)
    return len(began) + bool(rises[0]) >= 1


def dead(run: Run, since: int, stop: int, share: float) -> bool:
    """Whether the rate was below that share of its highest for most of the stretch."""
    steps = np.linspace(since, stop, 20)
    found, known = rates(run, steps), run.get("learning_rate")
    if found is None or known is None or not known.values.max() > 0:
        return False
    return bool(np.mean(found < share * known.values.max()) > 0.5)


def drops(run: Run, first: int, stop: int) -> bool:
    """Whether the rate fell by a factor between two steps."""
    found = rates(run, np.array([first, stop], np.float64))
    return found is not None and bool(found[1] * CHANGED < found[0])


def rises(run: Run, first: int, stop: int) -> bool:
    """Whether the rate was raised by a factor between two steps."""
    found = rates(run, np.array([first, stop], np.float64))
    return found is not None and bool(found[1] > CHANGED * found[0])
