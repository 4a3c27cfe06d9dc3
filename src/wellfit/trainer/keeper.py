"""Checkpoints of a training: when they are written, which are kept, gone on from."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal

import torch  # noqa: TID253

from wellfit.core.errors import BadRun, BadSetting
from wellfit.trainer.checkpoint import (
    checkpoints_in,
    name_of,
    read,
    remove,
    tidy,
    write,
)
from wellfit.trainer.live import Live
from wellfit.trainer.packing import Tensors, pack, unpack
from wellfit.trainer.settings import settings_data

# What may change from one part of a training to the next.
FREE = ("settings.limits", "settings.memory", "settings.device", "torch")
QUIETLY = FREE[:2]  # it is the same training to the bit


@dataclass(frozen=True, kw_only=True, slots=True)
class Keep:
    """Which checkpoints stay: the `latest` so many, and the best one.

    >>> Keep.of("best,last,3")
    Keep(latest=3, best=True)
    """

    latest: int = 3
    best: bool = True

    @classmethod
    def of(cls, text: str) -> "Keep":
        """From words with commas between: `best`, `last`, or a number of the latest."""
        words = [word.strip() for word in text.split(",")]
        numbers = [int(word) for word in words if word.isdigit()]
        if any(not w.isdigit() and w not in {"best", "last"} for w in words):
            raise BadSetting(f"keep takes best, last and a number; got {text!r}")
        return cls(latest=max([1, *numbers]), best="best" in words)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoints:
    """Where checkpoints are, and how often one is written.

    One is due after `every_steps`, after `every_seconds`, and after an evaluation that
    is the best so far; it waits until all of them together take no more than a `share`
    of the time. One is written at the end whatever it takes; each holds the best
    weights beside the last. `resume` goes on from the `last` or the `best`; without it
    the folder must hold none.
    """

    folder: Path
    every_steps: int | None = None
    every_seconds: float | None = 60.0
    share: float = 0.01  # the first and the last are written whatever they take
    keep: Keep = Keep()
    resume: Literal["last", "best"] | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Found:
    """A sound checkpoint; `damaged` says what is wrong with the newest, if it is."""

    path: Path
    said: Mapping[str, Any]
    tensors: Tensors
    damaged: str


def newest(how: Checkpoints) -> Found:
    """The newest checkpoint that is sound, of those that are to be gone on from."""
    damaged = ""
    for path in checkpoints_in(how.folder):
        if how.resume == "best" and not _improved(path):
            continue
        try:
            said, tensors = read(path)
        except BadRun as error:
            damaged = damaged or str(error)
            continue
        return Found(path=path, said=said, tensors=tensors, damaged=damaged)
    why = damaged or f"there is no {how.resume} checkpoint"
    raise BadRun(f"{why}, and none to go on from in {how.folder}: train anew")


@dataclass(kw_only=True, slots=True)
class _Pace:
    """Steps, and the seconds that they took."""

    steps: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.steps += 1
        self.seconds += seconds

    def beyond(self, usual: "_Pace") -> float:
        """Seconds more than as many usual steps take."""
        if not usual.steps:
            return self.seconds
        return max(0.0, self.seconds - self.steps * usual.seconds / usual.steps)


class Keeper:
    """Writes the checkpoints of one training, in a thread beside it.

    The training waits only while its tensors are copied. One that is due while the one
    before is still being written comes after that. What one costs is that wait, and by
    how much steps are slower while it is written: threads of Python are in each other's
    way for longer than they work.
    """

    def __init__(
        self, how: Checkpoints, live: Live, say: Callable[[str], None]
    ) -> None:
        self._how, self._live, self._say = how, live, say
        self._identity = identity(live)
        self._thread: threading.Thread | None = None
        self._failure, self._due = "", False
        self._cost = 0.0  # seconds that the last one took of the training
        self._written = time.perf_counter()
        self._came: float | None = None  # when the step before this was done
        self._busy = False  # whether one was being written then
        self._calm, self._slowed = _Pace(), _Pace()  # while none, or one, is written
        self._improved = {p.name for p in checkpoints_in(how.folder) if _improved(p)}

    def resume(self) -> None:
        """Go on from the newest checkpoint that is sound."""
        found = newest(self._how)
        self._check(found.path, found.said)
        self._live.restore(unpack(found.said["state"], found.tensors))
        if found.damaged:
            self._say(f"{found.damaged}: went back to {found.path.name}")

    def _check(self, path: Path, said: Mapping[str, Any]) -> None:
        now, before = _flat(self._identity), _flat(said["identity"])
        for key in {**before, **now}:
            if before.get(key) == now.get(key):
                continue
            changed = f"{key} was {before.get(key)} and is {now.get(key)}"
            if not key.startswith(FREE):
                raise BadRun(
                    f"checkpoint {path.name} is of another training: {changed}; take "
                    "what it was trained with, or another folder"
                )
            if not key.startswith(QUIETLY):
                self._say(f"{changed}: the training goes on, but not to the bit")

    def stepped(self) -> None:
        """A step is done: write a checkpoint where one is due."""
        self._time()
        steps, seconds = self._how.every_steps, self._how.every_seconds
        if steps is not None and self._live.place.step % steps == 0:
            self._due = True
        if seconds is not None and time.perf_counter() - self._written >= seconds:
            self._due = True
        if self._due and self._affordable():
            self.save()

    def _time(self) -> None:
        """How long the step took, and whether a checkpoint was written meanwhile."""
        now, before = time.perf_counter(), self._came
        if before is not None:
            (self._slowed if self._busy else self._calm).add(now - before)
        self._came, self._busy = now, self._writing

    @property
    def _writing(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _affordable(self) -> bool:
        if self._writing:
            return False
        cost = self._cost + self._slowed.beyond(self._calm)
        return time.perf_counter() - self._written >= cost / self._how.share

    def evaluated(self, *, ended: bool) -> None:
        """The network was evaluated, which takes its own time."""
        self._came = None
        improved = self._live.place.best_epoch == self._live.place.evaluations
        if ended or (improved and self._how.keep.best and self._affordable()):
            self.save(improved=improved)

    def save(self, *, improved: bool = False) -> None:
        """Copy the state, and let it be written, after the one before it."""
        self.finish()
        begun = time.perf_counter()
        tensors: Tensors = {}
        state = pack(self._live.tree(), tensors)
        said = {"identity": self._identity, "improved": improved, "state": state}
        place = self._live.place
        path = self._how.folder / name_of(place.step, place.epoch)
        if improved:
            self._improved.add(path.name)
        self._thread = threading.Thread(
            target=partial(self._write, path, said, tensors)
        )
        self._due, self._written = False, time.perf_counter()
        self._cost, self._slowed = self._written - begun, _Pace()
        self._thread.start()
        self._came, self._busy = time.perf_counter(), True

    def _write(self, path: Path, said: Mapping[str, Any], tensors: Tensors) -> None:
        try:
            write(path, said, tensors)
            self._forget()
        except Exception as error:  # the training goes on without it
            self._failure = (
                f"checkpoint {path.name} could not be written ({error}); those before "
                "it are kept"
            )

    def _forget(self) -> None:
        found, keep = checkpoints_in(self._how.folder), self._how.keep
        kept = set(found[: keep.latest])
        if keep.best:
            kept |= set([p for p in found if p.name in self._improved][:1])
        for path in found:
            if path not in kept:
                remove(path)

    def finish(self) -> None:
        """Wait until the last checkpoint is written, and say where it could not be."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure:
            self._say(self._failure)
            self._failure = ""


@contextmanager
def keeping(
    how: Checkpoints | None, live: Live, say: Callable[[str], None]
) -> Iterator[Keeper | None]:
    """The keeper of a training, which may have gone on from one of its checkpoints."""
    if how is None:
        yield None
        return
    how.folder.mkdir(parents=True, exist_ok=True)
    with alone(how.folder):
        tidy(how.folder)
        keeper = Keeper(how, live, say)
        if how.resume:
            keeper.resume()
        elif checkpoints_in(how.folder):
            raise BadRun(
                f"{how.folder} holds checkpoints of a training already: resume it, or "
                "name another folder"
            )
        try:
            yield keeper
        finally:
            keeper.finish()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """`BadRun` where another process writes checkpoints into the folder.

    The lock is of this process alone: workers that outlive a killed one hold none.
    """
    with (folder / ".lock").open("w") as file:
        _lock(file, folder)
        yield


def _lock(file: IO[str], folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # as on Windows
        return
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise BadRun(
            f"another training writes its checkpoints into {folder}: wait for it, or "
            "name another folder"
        ) from error


def identity(live: Live) -> dict[str, Any]:
    """What must be the same for a training to go on as if it had never stopped."""
    weights = live.task.network.state_dict()
    return {
        "torch": torch.__version__,
        "network": {n: list(w.shape) for n, w in weights.items()},
        "criterion": type(live.task.criterion).__name__,
        "data": live.task.feed.identity(),
        "settings": settings_data(live.how),
    }


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {path: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= _flat(inner, f"{path}.{key}" if path else str(key))
    return found


def _improved(path: Path) -> bool:
    with suppress(OSError, ValueError, LookupError):
        said = json.loads((path / "state.json").read_text(encoding="utf-8"))
        return bool(said["checkpoint"]["improved"])
    return False
