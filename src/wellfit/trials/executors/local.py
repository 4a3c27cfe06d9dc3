"""A trial as a process of this machine: whatever becomes of it, it is only a trial."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.record import write_environment
from wellfit.sources.reach import reaching
from wellfit.taps.seeds import environment_of
from wellfit.trials.executors.beside import beside
from wellfit.trials.executors.forks import Forks
from wellfit.trials.executors.process import Process, TooLarge, end, start, wait
from wellfit.trials.executors.trial import (
    SAID,
    GivenUp,
    came_of,
    kept,
    made,
    name_of,
    place_of,
    settings_of,
    too_large,
)
from wellfit.trials.executors.workplace import Workplace

LOADED = "loaded.txt"  # names of modules


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """Runs trials of a command line, each in a folder of its own; `jobs` at once.

    A trial that is there already is not run again. `took` are the seconds of those that
    were run by this one, by the names of their folders.
    """

    words: Sequence[str]
    module: bool
    folder: Path
    jobs: int = 1
    memory: int | None = None  # bytes that each may take
    took: dict[str, float] = field(default_factory=dict)
    forks: Forks = field(default_factory=Forks)
    _done: dict[str, Run | None] = field(default_factory=dict)  # ahead
    _running: "set[Process]" = field(default_factory=set)

    @property
    def waiting(self) -> int:
        """How many were run ahead, and never asked for."""
        return len(self._done)

    @staticmethod
    def name(plan: Plan, seed: int) -> str:
        """What its folder is called."""
        return name_of(plan, seed)

    def place(self, plan: Plan, seed: int) -> Path:
        """The folder of a trial."""
        return place_of(self.folder, plan, seed)

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
        begun, name = monotonic(), self.name(plan, seed)
        if name in self._done:
            return self._done.pop(name)
        folder = self.place(plan, seed)
        there = kept(folder)
        if there is not None:
            self._learn(there)
            return there
        made(folder, plan)
        settings = {
            **settings_of(
                plan,
                seed,
                module=self.module,
                judging=judging,
                stoppable=given_up is not None,
            ),
            "folder": str(folder.absolute()),
            "loaded": None if self.forks.modules else str(folder.absolute() / LOADED),
            **reaching(plan, self.words[0], folder, module=self.module),
        }
        at = Workplace.made(folder, self.words, module=self.module)
        process = self._start(settings | at.settings, at.words, folder / SAID)
        self._running.add(process)
        try:
            asked = partial(given_up, folder) if given_up else None
            wait(process, begun + seconds, given_up=asked, memory=self.memory)
        except subprocess.TimeoutExpired:
            return None
        except TooLarge:
            return too_large(folder, self.memory)
        finally:
            end(process)
            self._running.discard(process)
            at.clear()
        self.took[name] = monotonic() - begun
        write_environment(folder, list(self.words))
        run = came_of(folder)
        self._learn(run)
        return run

    def _learn(self, run: Run) -> None:
        """Fork from now on, where that run of the script shows that it can be done."""
        file = run.path and run.path / LOADED
        if not self.forks.modules and file and file.exists():
            self.forks.learn(run, file.read_text().split())

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
        if self.jobs < 2 or len(trials) < 2:
            return
        runs = {
            self.name(plan, seed): partial(
                self.run, plan, seed, seconds=seconds, given_up=given_up(seed)
            )
            for plan, seed in trials
        }
        self._done.update(beside(runs, jobs=self.jobs, stop=self._stop))

    def _stop(self) -> None:
        for process in list(self._running):
            end(process)

    def _start(
        self, settings: Mapping[str, Any], words: Sequence[str], said: Path
    ) -> Process:
        environ = self._environ(settings["seed"])
        forked = self.forks.start(settings, words, said, environ)
        if forked is not None:
            return forked
        return start(words, settings, said, environ)

    def _environ(self, seed: int) -> dict[str, str]:
        """Trials beside each other share the processors."""
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        shared = {} if self.jobs < 2 else {"OMP_NUM_THREADS": str(threads)}
        return shared | environment_of(seed)
