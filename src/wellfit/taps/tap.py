"""What every tap is, and what it needs of a recorder; which taps are at work."""

import os
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Records(Protocol):
    """Where a tap writes to: `wellfit.record.Recorder`, or another of its form."""

    def fact(self, name: str, data: Any, /) -> None:
        """Say a fact, or say it anew."""

    def value(self, name: str, step: int, number: float, /) -> None:
        """One number of a signal."""

    def values(
        self, step: int, names: tuple[str, ...], numbers: Sequence[float], /
    ) -> None:
        """A number of each of several signals, the names distinct, in one append."""

    def histogram(self, name: str, step: int, counts: "NDArray[np.int64]", /) -> None:
        """The counts of a sample, as `wellfit.core.histogram` makes them."""

    def event(self, kind: str, step: int, **data: Any) -> None:
        """Something happened."""

    @property
    def writing(self) -> float:
        """Seconds of a processor that writing has taken until now."""


class Tap(Protocol):
    """Where a framework is met: it sees a training, and never changes it.

    Made with `Records`, and with `overhead` and `every` as keywords, whether it needs
    them or not; `attach` begins to watch, `detach` leaves nothing behind, `finish`
    detaches and records what the whole tells.
    """

    framework: str  # as the fact `command` names it

    @property
    def records(self) -> Records:
        """Where it writes to."""

    @property
    def step(self) -> int:
        """Steps done: optimizer steps, or rounds; 0 where it saw no training."""

    def attach(self) -> None:
        """Begin to watch."""

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in its framework."""

    def finish(self) -> None:
        """Detach, and record what is still held and what the whole tells."""


class Guard:
    """Stands between a training and a tap's own faults.

    What it wraps does nothing unless `on`, and raises nothing: the first fault is said
    in one line and an event, the tap is detached, and the training goes on. In the
    child of a fork everything wrapped is silent.
    """

    def __init__(self, tap: Tap) -> None:
        self.on = False
        self._tap = weakref.ref(tap)
        _guards.add(self)

    def __call__(self, function: Callable[..., None]) -> Callable[..., None]:
        """The function, guarded."""

        def call(*args: Any, **kwargs: Any) -> None:
            if not self.on:
                return
            try:
                function(*args, **kwargs)
            except Exception as error:
                self.fail(error)

        return call

    @property
    def tap(self) -> Tap | None:
        """The tap that it guards, while there is one."""
        return self._tap()

    def fail(self, error: Exception) -> None:
        """A fault of our own: say so once, and leave the training alone."""
        self.on = False
        tap = self._tap()
        if tap is None:
            return
        with suppress(Exception):  # a second fault, of the same cause
            tap.detach()
        said = (f"{type(error).__name__}: {error}".splitlines() or ["?"])[0]
        text = f"the watching of {tap.framework} ended: {said}"
        tap.records.event("note", tap.step, text=text)
        print(
            f"wellfit: stopped watching {tap.framework} at step {tap.step} after a "
            f"fault of its own ({said}); the training goes on",
            file=sys.stderr,
        )


judging = True  # whether the rows that were fed are judged at the end: seconds

_guards: "weakref.WeakSet[Guard]" = weakref.WeakSet()
_attached: list[Tap] = []


def _blind() -> None:
    for guard in list(_guards):
        guard.on = False
    _attached.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_blind)


@contextmanager
def hushed() -> Iterator[None]:
    """Within it no tap sees anything: what trains is a simple model of our own."""
    watching = [guard for guard in _guards if guard.on]
    for guard in watching:
        guard.on = False
    try:
        yield
    finally:
        for guard in watching:
            guard.on = True


def enter(tap: Tap) -> None:
    """Note that the tap watches now."""
    if tap not in _attached:
        _attached.append(tap)


def leave(tap: Tap) -> None:
    """Note that the tap watches no more."""
    if tap in _attached:
        _attached.remove(tap)


def attached() -> list[Tap]:
    """The taps that watch at present."""
    return list(_attached)


@contextmanager
def unseen(records: Records, *, but: Tap | None = None) -> Iterator[None]:
    """Within it no tap that writes there sees anything: what happens is a rehearsal.

    None but one that rehearses itself.
    """
    silent = [
        guard
        for guard in list(_guards)
        if guard.on
        and (tap := guard.tap) is not None
        and tap is not but
        and tap.records is records
    ]
    for guard in silent:
        guard.on = False
    try:
        yield
    finally:
        for guard in silent:
            guard.on = guard.tap in _attached


def step_of(records: Records) -> int:
    """Steps done so far of the training that is written there."""
    return max((tap.step for tap in _attached if tap.records is records), default=0)


def log(name: str, value: float) -> None:
    """Record a number of one's own in the run being watched; without one, do nothing.

    `name` is a signal's: `val/f1`, or `f1` for one of training.
    """
    for records in {id(tap.records): tap.records for tap in _attached}.values():
        records.value(name, step_of(records), float(value))
