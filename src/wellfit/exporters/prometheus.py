"""`--to prometheus`: an endpoint to scrape while a run goes on, a file afterwards."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.run import Run, Signal
from wellfit.core.signals import SIGNALS, parse
from wellfit.exporters.clock import Clock
from wellfit.exporters.exporter import Exporter

HOST, PORT = "127.0.0.1", 9464  # the port that exporters of OpenTelemetry take, too
FILE = "openmetrics.txt"
SECONDS = ("step_time", "step_time_max", "data_time", "compute_time")
OTHERS: Mapping[str, str] = {
    "step": "the last step of training that was seen",
    "epoch": "the last epoch that has ended",
    "healthy": "1 where enough was checked and nothing is wrong, 0 where something is",
    "finding": "1 for what is wrong; while the run goes on, for what is critical",
}

Labels = tuple[tuple[str, str], ...]
Now = Callable[[], Iterable[Any]]
Sample = tuple[Labels, float, float | None]  # its value, and its time where one is said


class Prometheus(Exporter):
    """A gauge a signal: `wellfit_loss{run="…",phase="val",where=""}`.

    While a run goes on they are served at `/metrics`, on this machine alone unless a
    host is given. Of a run that is over a file is written, in OpenMetrics' text format
    and with times, which `promtool tsdb create-blocks-from openmetrics` takes.
    """

    name: ClassVar[str] = "prometheus"
    title: ClassVar[str] = "Prometheus"
    library: ClassVar[str] = "prometheus_client"
    takes_place: ClassVar[str] = "[HOST]:PORT, or of a recorded run a file"
    judged: ClassVar[bool] = True

    def __init__(self, place: str = "", *, live: bool = False) -> None:
        super().__init__(place, live=live)
        self._latest: dict[tuple[str, Labels], float] = {}
        self._found: dict[tuple[str, Labels], float] = {}
        self._server = _Server(place, self._now) if live else None

    def update(self, new: Run) -> None:
        """Take the latest value of each signal that has new ones."""
        run = _run_of(new)
        latest = {
            (_metric(s.name), _labels(s.name, run)): s.last
            for s in new.signals.values()
        }
        latest["step", run] = new.last_step
        for event in new.happened("epoch")[-1:]:
            latest["epoch", run] = float(event.data.get("number", 0))
        self._latest = {**self._latest, **latest}  # a scrape may be reading the old one

    def judge(self, run: Run, diagnosis: Diagnosis) -> None:
        """Take what is critical by now: what a run lacks halfway may still come."""
        bad = [f for f in diagnosis.findings if f.severity is Severity.CRITICAL]
        self._found = _findings(bad, diagnosis, _run_of(run))

    def finish(self, run: Run, diagnosis: Diagnosis, report: Path | None) -> str:
        """Write the file, where nothing was served."""
        if self._server is not None:
            return f"Prometheus was served at {self._server.address} until now"
        path = Path(self.place or (run.path or Path()) / FILE)
        _write(path, run, _findings(diagnosis.findings, diagnosis, _run_of(run)))
        return f"promtool tsdb create-blocks-from openmetrics {path}"

    def close(self) -> None:
        """Free the port."""
        if self._server is not None:
            self._server.close()

    def _now(self) -> Iterator[Any]:
        samples: dict[str, list[Sample]] = {}
        for (name, labels), value in {**self._latest, **self._found}.items():
            samples.setdefault(name, []).append((labels, value, None))
        return (_family(name, said) for name, said in samples.items())


class _Server:
    """Serves what `now` gives, on a port that is taken at once or refused."""

    def __init__(self, place: str, now: Now) -> None:
        from prometheus_client import CollectorRegistry, start_http_server

        host, port = _address(place)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(now))
        try:
            self._server, _ = start_http_server(port, host, registry)
        except OSError as error:
            raise BadSetting(
                f"--to prometheus must name a port that is free; got {host}:{port}: "
                f"{error.strerror or error}"
            ) from error
        self.address = f"http://{host}:{self._server.server_port}/metrics"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Collector:
    """What a registry asks; its own gauges would hold what is gone by now."""

    def __init__(self, now: Now) -> None:
        self.collect = now


def _address(place: str) -> tuple[str, int]:
    host, colon, port = place.rpartition(":")
    if not place:
        return HOST, PORT
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise BadSetting(
            f"--to prometheus takes a port, =:9464, or a host and a port; got {place!r}"
        )
    return host.strip("[]") or HOST, int(port)


def _run_of(run: Run) -> Labels:
    return (("run", "" if run.path is None else run.path.name),)


def _metric(signal: str) -> str:
    """`step_time` → `step_time_seconds`; what is not allowed in a name becomes `_`."""
    name = parse(signal).name
    safe = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    return f"{safe}_seconds" if name in SECONDS else safe


def _labels(signal: str, run: Labels) -> Labels:
    phase, _, where = parse(signal)
    return (*run, ("phase", phase), ("where", where))


def _findings(
    findings: Iterable[Finding], diagnosis: Diagnosis, run: Labels
) -> dict[tuple[str, Labels], float]:
    found: dict[tuple[str, Labels], float] = {}
    for f in findings:
        labels = (*run, ("rule", f.rule), ("severity", str(f.severity)))
        found["finding", labels] = 1.0
    if found or diagnosis.healthy:
        found["healthy", run] = 0.0 if found else 1.0
    return found


def _family(name: str, samples: Iterable[Sample]) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    meaning = OTHERS.get(name) or SIGNALS.get(name.removesuffix("_seconds"), name)
    family = GaugeMetricFamily(f"wellfit_{name}", meaning)
    for labels, value, when in samples:
        family.add_sample(family.name, dict(labels), value, when)
    return family


def _write(path: Path, run: Run, said: Mapping[tuple[str, Labels], float]) -> None:
    """A family after the other: all of a long run would not fit into memory."""
    clock = Clock()
    clock.hear(run)
    names: dict[str, list[str]] = {}
    for name in run.signals:
        names.setdefault(_metric(name), []).append(name)
    with path.open("wb") as file:
        for metric, of in names.items():
            file.write(_text(metric, _timed(run, of, clock)))
        end = clock.at(np.array([max(run.last_step, 0)])).item()
        others: dict[str, list[Sample]] = {}
        for (metric, labels), value in said.items():
            others.setdefault(metric, []).append((labels, value, end))
        for metric, samples in others.items():
            file.write(_text(metric, samples))
        file.write(b"# EOF\n")


def _text(metric: str, samples: Iterable[Sample]) -> bytes:
    from prometheus_client.openmetrics import exposition

    write: Callable[[Any], bytes] = exposition.generate_latest
    family = _family(metric, samples)
    return write(_Collector(lambda: [family])).removesuffix(b"# EOF\n")


def _timed(run: Run, names: Iterable[str], clock: Clock) -> Iterator[Sample]:
    """Samples with their times, a millisecond apart at least: it holds no more."""
    taken: set[Labels] = set()
    for name in names:
        labels = _labels(name, _run_of(run))
        if labels not in taken:  # two names that became one
            taken.add(labels)
            yield from _series(run.signals[name], labels, clock)


def _series(signal: Signal, labels: Labels, clock: Clock) -> Iterator[Sample]:
    times = np.maximum.accumulate(np.round(clock.at(signal.steps), 3))
    last = np.append(np.diff(times) > 0, True)[: len(times)]
    pairs = zip(signal.values[last].tolist(), times[last].tolist(), strict=True)
    return ((labels, value, when) for value, when in pairs)
