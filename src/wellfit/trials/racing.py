"""Whether a trial that runs can be given up: it is far behind the script as it is.

Only what is hopeless is. A change may begin slowly (a lower rate, a warm-up) and win at
the end, so that nothing is judged before half of the training. Then a trial is given up
that has not come to where the script was after a third of that, nor to where it ends,
and does not come there by a straight line through what it did of late either: curves of
losses flatten (Domhan et al., 2015, who extrapolate them), so that a line is more than
can be hoped for. A trial whose numbers are none any more is given up at any time.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Run
from wellfit.record import open_run
from wellfit.record.folder import databases
from wellfit.trials.metric import Metric

JUDGED = 0.5  # of the values that the script as it is has
BEHIND = 3.0  # times slower
LEVEL = 0.05  # of the values, of which the median is where a run is
BROKEN = 3  # values one after the other that are no number


def given_up(control: Run, metric: Metric) -> Callable[[Path], bool]:
    """Whether the trial in a folder is, beside the script's run on the same seed."""
    known = control.get(metric.name)

    def judge(folder: Path) -> bool:
        if known is None or not databases(folder):
            return False
        signal = open_run(folder).get(metric.name)
        return signal is not None and is_hopeless(
            known.values, signal.values, greater_is_better=metric.greater_is_better
        )

    return judge


def is_hopeless(
    control: NDArray[np.float64],
    treated: NDArray[np.float64],
    *,
    greater_is_better: bool,
) -> bool:
    """Whether a run cannot be expected to end better than the control has.

    Compared are the n-th values, which are of one epoch whatever a batch holds.

    >>> falling = 1 + 3 / np.arange(1, 13)
    >>> is_hopeless(falling, np.full(6, 4.0), greater_is_better=False)
    True
    """
    count = len(treated)
    if count >= BROKEN and not np.isfinite(treated[-BROKEN:]).any():
        return True
    if not count or count < JUDGED * len(control):
        return False
    sign = 1.0 if greater_is_better else -1.0
    then = sign * _level(control[: int(count / BEHIND)])
    now, end = sign * _level(treated), sign * _level(control)
    of_late = count - count // 2
    gain = (now - sign * _level(treated[: count // 2])) / of_late
    hoped = now + max(0.0, gain) * max(0, len(control) - count)
    return bool(now < then and hoped < end)


def _level(values: NDArray[np.float64]) -> float:
    """Where a run has come to; NaN before its first value, which none is behind."""
    known = values[np.isfinite(values)]
    count = max(1, round(LEVEL * len(known)))
    return float(np.median(known[-count:])) if len(known) else float("nan")
