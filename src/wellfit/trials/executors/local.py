"""A trial as a process of this machine: whatever becomes of it, it is only a trial."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from time import monotonic
from typing import Any

from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.record import open_run, write_environment
from wellfit.record.folder import databases
from wellfit.taps.seeds import environment_of
from wellfit.trials.executors.forks import Forks, Process

LOADED = "loaded.txt"  # names of modules
SAID = "said.txt"  # what the script prints in a trial
OVERHEAD = 0.02  # of the time, that looking may take
ASKED = 2.0  # seconds, after which it is asked whether a trial is given up
LEAVING = 10.0  # seconds, that one which is may take to end
LAST = 500  # bytes of it, that are told where a trial fails
LONGEST = 150  # characters of a folder's name; file systems take 255

GivenUp = Callable[[Path], bool]


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
        name = "-".join([f"seed-{seed}", *plan.ids])
        if len(name) <= LONGEST:
            return name
        return f"seed-{seed}-{sha256(name.encode()).hexdigest()[:16]}"

    def place(self, plan: Plan, seed: int) -> Path:
        """The folder of a trial."""
        return self.folder / "trials" / self.name(plan, seed)

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
        if databases(folder):
            kept = open_run(folder)
            if "outcome" in kept.facts:
                self._learn(kept)
                return kept
            rmtree(folder)  # it was interrupted: nothing of it may reach the next
        folder.mkdir(parents=True, exist_ok=True)
        if plan.changes:
            plan.save(folder / "plan.yaml")
        settings = {
            "folder": str(folder.absolute()),
            "module": self.module,
            "overhead": OVERHEAD,
            "every": None,
            "rank": False,
            "tell": None,
            "seed": seed,
            "plan": plan.to_json(),
            "judging": judging,
            "stoppable": given_up is not None,
            "loaded": None if self.forks.modules else str(folder.absolute() / LOADED),
        }
        process = self._start(settings, folder / SAID)
        self._running.add(process)
        try:
            _wait(
                process,
                begun + seconds,
                partial(given_up, folder) if given_up else None,
            )
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
            self._running.discard(process)
        self.took[name] = monotonic() - begun
        write_environment(folder, list(self.words))
        run = open_run(folder) if databases(folder) else Run(path=folder)
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
        with ThreadPoolExecutor(self.jobs) as pool:
            begun = {
                self.name(plan, seed): pool.submit(
                    self.run, plan, seed, seconds=seconds, given_up=given_up(seed)
                )
                for plan, seed in trials
            }
            try:
                for name, trial in begun.items():
                    self._done[name] = trial.result()
            except BaseException:
                for process in list(self._running):
                    _end(process)
                pool.shutdown(cancel_futures=True)
                raise

    def _start(self, settings: Mapping[str, Any], said: Path) -> Process:
        environ = self._environ(settings["seed"])
        forked = self.forks.start(settings, self.words, said, environ)
        if forked is not None:
            return forked
        launch = [sys.executable, "-m", "wellfit.taps.launch", json.dumps(settings)]
        with said.open("wb") as stream:
            return subprocess.Popen(
                [*launch, *self.words],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )

    def _environ(self, seed: int) -> dict[str, str]:
        """Trials beside each other share the processors."""
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        shared = {} if self.jobs < 2 else {"OMP_NUM_THREADS": str(threads)}
        return shared | environment_of(seed)


def _wait(process: Process, until: float, given_up: Callable[[], bool] | None) -> None:
    """Until it has ended; `subprocess.TimeoutExpired` where it does not in time."""
    while given_up is not None and monotonic() + ASKED < until:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=ASKED)
            return
        if given_up():
            os.kill(process.pid, signal.SIGUSR1)
            until, given_up = monotonic() + LEAVING, None
    process.wait(timeout=max(0.0, until - monotonic()))


def _end(process: Process) -> None:
    """End it and all that it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def failure(run: Run) -> str | None:
    """Why a trial failed: the script's own last words; None where it did not."""
    outcome = run.facts.get("outcome") or {"exit": 1}
    if not outcome["exit"]:
        return None
    error = outcome.get("error")
    if error:
        return f"{error['type']}: {error['message']}"
    said = run.path and run.path / SAID
    text = said.read_bytes()[-LAST:].decode(errors="replace") if said else ""
    return (text.strip().splitlines() or ["it ended early"])[-1]
