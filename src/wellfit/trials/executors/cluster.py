"""A trial on a machine of a Ray cluster: which of them, and what becomes of it there.

Wellfit itself is sent along with the code, so that all machines run this very version;
what the script imports must be installed on them.
"""

import json
import os
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import sleep
from types import ModuleType
from typing import Any

from wellfit.core.errors import BadSetting
from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.sources.reach import reaching
from wellfit.taps.seeds import environment_of
from wellfit.trainer.clock import Deadline
from wellfit.trials.executors.beside import beside
from wellfit.trials.executors.connect import check, connected
from wellfit.trials.executors.node import OURS, Came, Job
from wellfit.trials.executors.room import Room, room_of
from wellfit.trials.executors.sent import bring, code_in, home_of, packed, paths_in
from wellfit.trials.executors.trial import (
    GivenUp,
    came_of,
    failed,
    kept,
    made,
    name_of,
    place_of,
    settings_of,
    too_large,
)

TRIES = 3  # of a trial whose machine goes away under it
PAUSE = 1.0  # seconds before the next, times how many there were
COMING = 60.0  # seconds beside those of the trial, in which it is sent and comes back


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """Runs trials of a command line on a cluster, each in a folder of its own here.

    A trial that is there already is not run again. `took` are the seconds of those that
    were run by this one, by the names of their folders; waiting for a place, which ends
    with `until`, is no part of them.
    """

    words: Sequence[str]
    module: bool
    folder: Path
    until: Deadline
    room: Room
    ray: ModuleType
    code: Any  # where Ray keeps what is sent
    ours: Any  # the same, of wellfit itself
    took: dict[str, float] = field(default_factory=dict)
    _done: dict[str, Run | None] = field(default_factory=dict)  # ahead
    _running: set[Any] = field(default_factory=set)
    _placed: Event = field(default_factory=Event)  # once one has had room
    _stopped: Event = field(default_factory=Event)

    @property
    def waiting(self) -> int:
        """How many were run ahead, and never asked for."""
        return len(self._done)

    @property
    def jobs(self) -> int:
        """How many trials run at once."""
        return self.room.jobs

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

        With `judging` its data are judged at the end too, which takes seconds. None is
        ever `given_up`: what it is judged by is on its machine until it has ended.
        """
        name, folder = self.name(plan, seed), self.place(plan, seed)
        if name in self._done:
            return self._done.pop(name)
        there = kept(folder)
        if there is not None:
            return there
        made(folder, plan)
        job = self._job(plan, seed, seconds=seconds, judging=judging)
        came = self._tried(job)
        if isinstance(came, str):
            return failed(folder, f"its machine went away {TRIES} times: {came}")
        if came is None:
            return None
        bring(came.files, folder)
        if plan.changes:
            plan.save(folder / "plan.yaml")
        if not came.ended:
            return too_large(folder, self.room.memory) if came.large else None
        self.took[name] = came.seconds
        return came_of(folder)

    def ahead(
        self,
        trials: Sequence[tuple[Plan, int]],
        *,
        seconds: float,
        given_up: Callable[[int], GivenUp | None] = lambda _: None,
    ) -> None:
        """Run these at once, so that `run` has what became of each."""
        if self.jobs < 2 or len(trials) < 2:
            return
        runs = {
            self.name(plan, seed): partial(self.run, plan, seed, seconds=seconds)
            for plan, seed in trials
        }
        self._done.update(beside(runs, jobs=self.jobs, stop=self._stop))

    def _job(self, plan: Plan, seed: int, *, seconds: float, judging: bool) -> Job:
        home, words = home_of(self.words, module=self.module)
        return Job(
            words=words,
            settings=settings_of(
                plan, seed, module=self.module, judging=judging, stoppable=False
            ),
            paths=paths_in(home),
            environ={
                "OMP_NUM_THREADS": str(self.room.cpus),
                "PYTHONHASHSEED": environment_of(seed)["PYTHONHASHSEED"],
            },
            seconds=seconds,
            memory=self.room.memory,
            edited=self._edited(plan, seed, home),
        )

    def _edited(self, plan: Plan, seed: int, home: Path) -> dict[str, Any]:
        """What is run in the place of the user's files, by their places in the code."""
        folder, script = self.place(plan, seed), self.words[0]
        found = reaching(plan, script, folder, module=self.module).get("edited")
        if found is None:
            return {}
        said = json.loads(Path(found["texts"]).read_text(encoding="utf-8"))
        top = home.resolve()
        texts = {os.path.relpath(Path(f).resolve(), top): t for f, t in said.items()}
        return {"texts": texts, "changes": found["changes"]}

    def _tried(self, job: Job) -> Came | str | None:
        """What came of it, and why nothing did; None where its time was up."""
        why = ""
        for tries in range(1, TRIES + 1):
            try:
                return self._once(job)
            except self.ray.exceptions.GetTimeoutError as error:
                if not self._placed.is_set():
                    raise BadSetting(
                        f"a trial needs {self.room.said}, for which the cluster has "
                        "had no room in all of the budget: wait until it is free, or "
                        "give it more --budget"
                    ) from error
                return None
            except self.ray.exceptions.RayError as error:
                if self._stopped.is_set():
                    raise
                why = _first_line(error)
            if tries < TRIES:
                sleep(min(PAUSE * tries, self.until.left))
        return why

    def _once(self, job: Job) -> Came:
        """The same on one machine, whichever has room for it."""
        seat = _seats(self.ray, self.room).remote()
        self._running.add(seat)
        try:
            self.ray.get(seat.here.remote(), timeout=self.until.left)
            self._placed.set()
            work = seat.train.remote(self.ours, self.code, asdict(job))
            return Came(**self.ray.get(work, timeout=job.seconds + COMING))
        finally:
            self._running.discard(seat)
            self._end(seat)

    def _stop(self) -> None:
        self._stopped.set()
        for seat in list(self._running):
            self._end(seat)

    def _end(self, seat: Any) -> None:
        with suppress(Exception):  # it, or all of the cluster, has gone
            self.ray.kill(seat)


@contextmanager
def cluster(
    on: str,
    words: Sequence[str],
    *,
    module: bool,
    folder: Path,
    jobs: int | None,
    memory: int | None,
    until: Deadline,
) -> Iterator[Cluster]:
    """What runs trials on the cluster that `on` names; `jobs` at once.

    `BadSetting` for a cluster that is not there, or code that is too large to be sent.
    """
    check(on)
    home, _ = home_of(words, module=module)
    code = code_in(home, leave=folder)
    with connected(on) as ray:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        yield Cluster(
            words=words,
            module=module,
            folder=folder,
            until=until,
            room=room_of(nodes, jobs, memory),
            ray=ray,
            code=ray.put(code),
            ours=ray.put(_ours()),
        )


def _ours() -> bytes:
    """Wellfit itself."""
    files = (OURS / "wellfit").rglob("*")
    return packed(OURS, (f for f in sorted(files) if f.suffix != ".pyc"))


def _seats(ray: ModuleType, room: Room) -> Any:
    """A place on a machine, which one trial has to itself.

    The class goes there as it is written here, where no wellfit may be installed.
    """

    class Seat:
        def here(self) -> None:
            """Answered once there is room for it."""

        def train(self, ours: bytes, code: bytes, job: dict[str, Any]) -> Any:
            with TemporaryDirectory(prefix="wellfit-") as there:
                with tarfile.open(fileobj=BytesIO(ours)) as tar:
                    tar.extractall(Path(there, "packages"), filter="data")
                sys.path.insert(0, str(Path(there, "packages")))
                from wellfit.trials.executors.node import Job, train

                return asdict(train(Job(**job), code, room=Path(there)))

    return ray.remote(num_cpus=room.cpus, num_gpus=room.gpus, memory=room.memory)(Seat)


def _first_line(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error
    text = str(cause).strip().splitlines()
    return f"{type(cause).__name__}: {text[0] if text else ''}"
