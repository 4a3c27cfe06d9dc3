"""What runs trials, wherever that is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.trials.executors.trial import GivenUp


class Executor(Protocol):
    """Runs trials of a command line, each in a folder of its own; `jobs` at once.

    A trial that is there already is not run again. `took` are the seconds of those that
    were run by this one, by the names of their folders.
    """

    @property
    def words(self) -> Sequence[str]:
        """The script or module, and its arguments."""

    @property
    def module(self) -> bool:
        """Whether it is a module."""

    @property
    def folder(self) -> Path:
        """Of the treatment."""

    @property
    def jobs(self) -> int:
        """How many trials run at once."""

    @property
    def took(self) -> dict[str, float]:
        """Name of a trial → seconds."""

    def name(self, plan: Plan, seed: int) -> str:
        """What the folder of a trial is called."""

    def place(self, plan: Plan, seed: int) -> Path:
        """That folder."""

    @property
    def waiting(self) -> int:
        """How many were run ahead, and never asked for."""

    def run(
        self,
        plan: Plan,
        seed: int,
        *,
        seconds: float,
        judging: bool = False,
        given_up: GivenUp | None = None,
    ) -> Run | None:
        """The run under a plan and a seed; None where it took longer than that.

        With `judging` its data are judged at the end too, which takes seconds. It is
        stopped once it is `given_up`, which is asked with its folder now and then.
        """

    def ahead(
        self,
        trials: Sequence[tuple[Plan, int]],
        *,
        seconds: float,
        given_up: Callable[[int], GivenUp | None] = lambda _: None,
    ) -> None:
        """Run these at once, so that `run` has what became of each.

        `given_up` is that of a seed.
        """
