"""What every tap promises, checked: ours, and a stranger's.

    from wellfit.contracts.check_tap import Tapped, checks_of

    def train() -> bytes:
        "Train anew from the same seed; all the bits of the losses and the weights."

    checks = checks_of(Tapped(make=MyTap, package="theirs", train=train))

    @pytest.mark.parametrize("check", checks, ids=str)
    def test_promise(check):
        check()

`make` is the tap's class. Each failure says what to change.
"""

import contextlib
import io
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from wellfit.contracts.check_rule import Check
from wellfit.taps.tap import Tap, attached

WAYS: tuple[dict[str, int], ...] = ({}, {"every": 1})
FAULTS = (0, 1, 2, 5, 12, 30)  # calls of the records until one raises


@dataclass(frozen=True, kw_only=True, slots=True)
class Tapped:
    """A tap, and a small training that it is for."""

    make: Callable[..., Tap]
    package: str  # of the framework: its functions are compared
    train: Callable[[], bytes]
    counts: bool = True  # steps: a tap beside another one leaves that to it

    @property
    def name(self) -> str:
        """As test ids have it."""
        return getattr(self.make, "__name__", "tap")


class Memory:
    """Records in memory; with `fails` the call after so many raises, and no other."""

    writing = 0.0

    def __init__(self, *, fails: int | None = None) -> None:
        self.calls = 0
        self.facts: dict[str, Any] = {}
        self.notes: list[str] = []
        self._fails = fails

    def _count(self) -> None:
        self.calls += 1
        if self._fails is not None and self.calls == self._fails + 1:
            raise RuntimeError("a fault that the contract planted")

    def fact(self, name: str, data: Any, /) -> None:
        """Say a fact."""
        self._count()
        self.facts[name] = data

    def value(self, name: str, step: int, number: float, /) -> None:
        """One number."""
        self._count()

    def values(
        self, step: int, names: tuple[str, ...], numbers: Sequence[float], /
    ) -> None:
        """Several numbers."""
        self._count()

    def histogram(self, name: str, step: int, counts: Any, /) -> None:
        """The counts of a sample."""
        self._count()

    def event(self, kind: str, step: int, **data: Any) -> None:
        """Something happened."""
        if kind == "note":  # by which a tap says that it ended
            self.notes.append(str(data.get("text", "")))
        else:
            self._count()


def checks_of(tapped: Tapped) -> list[Check]:
    """A check for each promise."""
    promises = (
        check_names_its_framework,
        check_changes_nothing,
        check_sees_the_training,
        check_leaves_no_trace,
        check_survives_its_own_faults,
        check_is_silent_in_a_child,
        check_finishes_once,
        check_attaches_again,
    )
    return [
        Check(name=f"{tapped.name}:{p.__name__}", run=partial(p, tapped))
        for p in promises
    ]


def check_names_its_framework(tapped: Tapped) -> None:
    """It says what it watches, and writes to what it was given."""
    records = Memory()
    tap = tapped.make(records)
    assert tap.framework, f"give {tapped.name} the name of its framework"
    assert tap.records is records, f"{tapped.name}.records must be what it was given"
    assert tap.step == 0, f"{tapped.name}.step must be 0 before any training"


def check_changes_nothing(tapped: Tapped) -> None:
    """Watched and unwatched, the training has the same bits."""
    bare = tapped.train()
    assert bare == tapped.train(), f"the training of {tapped.name} must be repeatable"
    for way in WAYS:
        with _watching(tapped, Memory(), **way):
            seen = tapped.train()
        assert seen == bare, (
            f"watched by {tapped.name} with {way} the training has other bits: draw "
            "from no global generator, change no mode, keep copies"
        )


def check_sees_the_training(tapped: Tapped) -> None:
    """It counts steps and records something, without a fault of its own."""
    records = Memory()
    with _watching(tapped, records, every=1) as tap:
        tapped.train()
    assert not records.notes, f"{tapped.name} failed by itself: {records.notes}"
    if tapped.counts:
        assert tap.step > 0, f"{tapped.name} counted no step of its training"
        assert records.calls, f"{tapped.name} recorded nothing of its training"


def check_leaves_no_trace(tapped: Tapped) -> None:
    """After `detach` every function of the framework is what it was before."""
    tapped.train()  # what is loaded on use is loaded now
    before = functions(tapped.package)
    with _watching(tapped, Memory()) as tap:
        tapped.train()
        tap.detach()
        _same(tapped, before)
        assert tap not in attached(), f"{tapped.name}.detach must `leave`"
    _same(tapped, before)


def check_survives_its_own_faults(tapped: Tapped) -> None:
    """A fault ends the watching with one line and an event, and nothing else."""
    bare, before = tapped.train(), functions(tapped.package)
    for fails in FAULTS:
        records, said = Memory(fails=fails), io.StringIO()
        with contextlib.redirect_stderr(said), _watching(tapped, records, every=1):
            trained = tapped.train()
        assert trained == bare, f"a fault of {tapped.name}'s own changes the training"
        if records.calls <= fails:
            return  # it never comes so far
        lines = [x for x in said.getvalue().splitlines() if x.startswith("wellfit:")]
        assert len(lines) == len(records.notes) == 1, (
            f"a fault of {tapped.name}'s own must be said in one line and one event; "
            f"it said {lines} and {records.notes}: call everything through a Guard"
        )
        _same(tapped, before)


def check_is_silent_in_a_child(tapped: Tapped) -> None:
    """In the child of a fork it records nothing, and the training goes on."""
    if not hasattr(os, "fork"):
        return
    bare, records = tapped.train(), Memory()
    with _watching(tapped, records):
        tapped.train()
        child = os.fork()
        if child == 0:
            status = 3
            with contextlib.suppress(BaseException):
                before = records.calls
                same = tapped.train() == bare
                status = 0 if same and records.calls == before else 1 + (not same)
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, (
        f"in a forked child {tapped.name} must record nothing and change nothing "
        f"(status {status}: 1 it records, 2 other bits, 3 an exception)"
    )


def check_finishes_once(tapped: Tapped) -> None:
    """Finishing twice is finishing once, and what comes after is not seen."""
    records = Memory()
    tap = tapped.make(records, every=1)
    tap.attach()
    tapped.train()
    tap.finish()
    calls, steps = records.calls, tap.step
    tap.finish()
    tap.detach()
    tapped.train()
    assert (records.calls, tap.step) == (calls, steps), (
        f"after `finish` {tapped.name} still records or counts"
    )


def check_attaches_again(tapped: Tapped) -> None:
    """One tap after another, and one within another, see the training."""
    bare, inner, outer = tapped.train(), Memory(), Memory()
    with _watching(tapped, outer), _watching(tapped, inner):
        assert tapped.train() == bare
    with _watching(tapped, inner):
        assert tapped.train() == bare
    notes = inner.notes + outer.notes
    assert not notes, f"one {tapped.name} within another fails: {notes}"


def functions(package: str) -> dict[tuple[str, str], object]:
    """Every function and class of a package that is loaded, and of its classes."""
    found: dict[tuple[str, str], object] = {}
    for name, module in list(sys.modules.items()):
        if module is None or not f"{name}.".startswith(f"{package}."):
            continue
        for key, value in list(getattr(module, "__dict__", {}).items()):
            # By `type`, not `isinstance`: some objects warn of any look at them.
            if issubclass(type(value), type) and value.__module__ == name:
                where = f"{name}.{key}"
                found |= {
                    (where, own): v for own, v in vars(value).items() if _is_function(v)
                }
            if _is_function(value):
                found[name, key] = value
    return found


def _is_function(value: object) -> bool:
    kinds = (
        types.FunctionType,
        types.BuiltinFunctionType,
        types.MethodDescriptorType,
        types.WrapperDescriptorType,
        staticmethod,
        classmethod,
    )
    return issubclass(type(value), kinds)


def _same(tapped: Tapped, before: dict[tuple[str, str], object]) -> None:
    now = functions(tapped.package)
    changed = [
        ".".join(place)
        for place, value in before.items()
        if place in now and now[place] is not value
    ]
    left = [
        ".".join(place) for place in now.keys() - before.keys() if _ours(now[place])
    ]
    assert not changed + left, (
        f"{tapped.name} left something behind in {', '.join(changed + left)}: "
        "replace through Patches, and restore"
    )


def _ours(function: object) -> bool:
    inner = getattr(function, "__wrapped__", function)
    code = getattr(function, "__code__", getattr(inner, "__code__", None))
    return code is not None and f"wellfit{os.sep}taps" in code.co_filename


@contextlib.contextmanager
def _watching(tapped: Tapped, records: Memory, **options: Any) -> Iterator[Tap]:
    tap = tapped.make(records, **options)
    tap.attach()
    try:
        yield tap
    finally:
        tap.finish()
