"""When each step was: a run holds steps, and most tools want the time as well."""

import time

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Run
from wellfit.record import created


class Clock:
    """Seconds since 1970 by step: the run's beginning, and the steps' own times.

    `train/step_time` is the mean of the steps since the value before it. Before the
    first and after the last of them the nearest stands; a run that has none has
    all of its steps at its beginning.
    """

    def __init__(self) -> None:
        self._steps = np.zeros(1)
        self._times = np.zeros(1)
        self.begun = 0.0

    def hear(self, new: Run) -> None:
        """Take the times of the steps that have come."""
        if not self.begun:
            self.begun = (created(new.path) if new.path else None) or time.time()
        seen = new.get("train/step_time")
        if seen is None or not len(seen := seen.finite()):
            return
        steps = np.append(self._steps[-1], seen.steps + 1.0)
        apart = np.maximum(np.diff(steps), 0.0)
        times = self._times[-1] + np.cumsum(apart * np.maximum(seen.values, 0.0))
        self._steps = np.append(self._steps, np.maximum.accumulate(steps[1:]))
        self._times = np.append(self._times, times)

    def at(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The times of these steps."""
        return self.begun + np.interp(steps, self._steps, self._times)
