"""Reads what the system counts, and records it by step."""

from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic, thread_time
from typing import Any, TypeVar

from wellfit.taps.resources.devices import Devices
from wellfit.taps.resources.limits import Limits, limits
from wellfit.taps.resources.processes import Processes, peak
from wellfit.taps.resources.source import Reading, Source
from wellfit.taps.resources.system import Network, Quota
from wellfit.taps.tap import Records, step_of

SHORTEST, LONGEST = 0.25, 10.0  # seconds from one reading to the next
PART = 0.01  # of the time so far: how long to the next reading
REST = 400.0  # times what a reading took: a quarter of a percent of a core
SAID_AGAIN = 10.0  # seconds after which the totals are written again

T = TypeVar("T")


class Meter:
    """Asks the sources one after the other, and records what they tell.

    A source that fails is left out from then on, and an event says so.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._sources: list[Source] = []
        self._limits: Limits | None = None
        self._names: tuple[str, ...] = ()
        self._first: dict[str, float] = {}  # totals, when they were first read
        self._totals: dict[str, float] = {}  # the highest since
        self._peaks: dict[str, float] = {}  # levels, the highest
        self._step = 0
        self._took = 0.0  # seconds of processor time, of the last reading
        self._begun = self._read = self._said = monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the watching began."""
        return monotonic() - self._begun

    @property
    def rest(self) -> float:
        """Seconds until the next reading: fewer at first, more where they cost more."""
        usual = min(max(PART * self.elapsed, SHORTEST), LONGEST)
        return max(usual, REST * self._took)

    def open(self) -> None:
        """Find the sources, say what machine it is, and count from here on."""
        self._limits = bounds = limits()
        makes = (partial(Processes, bounds), partial(Quota, bounds), Network, Devices)
        for make in makes:
            try:
                self._sources.append(make())
            except Exception as error:
                self.note("a part of the machine", error)
        machine: dict[str, Any] = {}
        for fact in self._ask(lambda source: source.fact()):
            machine |= fact
        self._records.fact("machine", machine)
        for reading in self._ask(lambda source: source.read()):
            self._grown(reading, 1.0)  # from here on it is counted
        self._read = monotonic()

    def read(self) -> None:
        """Record levels, and by how much totals grew a second since the last time."""
        begun, now = thread_time(), monotonic()
        seconds, self._read = now - self._read, now
        found = {"elapsed": now - self._begun}
        for reading in self._ask(lambda source: source.read()):
            found |= reading.levels | self._grown(reading, seconds)
        self._record(found)
        if now - self._said > SAID_AGAIN:
            self._say()
        self._took = thread_time() - begun

    def close(self) -> None:
        """Read a last time, where that tells anything, and record the totals."""
        if monotonic() - self._read > SHORTEST / 2:
            self.read()
        self._say()

    def note(self, what: str, error: Exception) -> None:
        """Record that something is not watched any more, and why."""
        said = (f"{type(error).__name__}: {error}".splitlines() or ["?"])[0]
        text = f"the watching of {what} ended: {said}"
        self._records.event("note", self._step, text=text)

    def _ask(self, question: Callable[[Source], T]) -> Iterator[T]:
        for source in list(self._sources):
            try:
                answer = question(source)
            except Exception as error:
                self._sources.remove(source)
                self.note(source.name, error)
            else:
                yield answer

    def _grown(self, reading: Reading, seconds: float) -> dict[str, float]:
        rates = {}
        for name, total in reading.totals.items():
            before = self._totals.get(name)
            if before is None:
                self._first[name] = before = total
            else:
                rates[name] = max(total - before, 0.0) / seconds
            self._totals[name] = max(total, before)
        return rates

    def _record(self, found: dict[str, float]) -> None:
        self._step = max(self._step, step_of(self._records))
        for name, number in found.items():
            self._peaks[name] = max(number, self._peaks.get(name, number))
        names = tuple(f"train/{name}" for name in found)
        if names != self._names:
            self._names = names  # the same object each time: the recorder knows it
        self._records.values(self._step, self._names, list(found.values()))

    def _say(self) -> None:
        """The fact that grows: what was used up in all."""
        self._said = monotonic()
        used = {name: total - self._first[name] for name, total in self._totals.items()}
        cores = self._limits.cores if self._limits is not None else 1.0
        held = max(peak() or 0, self._peaks.get("memory", 0))
        fact = {
            "seconds": self.elapsed,
            "cpu_seconds": used.pop("cpu_share", 0.0) * cores,
            "memory_peak": held or None,
            "totals": used,
            "peaks": {n: v for n, v in self._peaks.items() if n.startswith("gpu_")},
            "watching_seconds": thread_time(),
        }
        self._records.fact("usage", fact)
