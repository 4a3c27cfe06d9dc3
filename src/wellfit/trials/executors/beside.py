"""Trials beside each other, each waited for by a thread of its own."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from wellfit.core.run import Run

PAUSE = 0.05  # seconds

Trial = Callable[[], Run | None]


def beside(
    trials: Mapping[str, Trial], *, jobs: int, stop: Callable[[], None]
) -> dict[str, Run | None]:
    """What became of each, by name; `stop` ends all that run, where one raises."""
    with ThreadPoolExecutor(jobs) as pool:
        begun = {name: pool.submit(trial) for name, trial in trials.items()}
        try:
            return {name: trial.result() for name, trial in begun.items()}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(trial.done() for trial in begun.values()):
                stop()  # again: one may just have begun
                sleep(PAUSE)
            raise
