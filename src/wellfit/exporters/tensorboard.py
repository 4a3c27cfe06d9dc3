"""`--to tensorboard`: event files that `tensorboard --logdir` shows."""

import socket
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from wellfit.core.finding import Diagnosis
from wellfit.core.histogram import Histogram
from wellfit.core.run import Run
from wellfit.core.signals import parse
from wellfit.exporters.bins import Bins, bins
from wellfit.exporters.clock import Clock
from wellfit.exporters.exporter import Exporter
from wellfit.exporters.findings import told, verdict
from wellfit.exporters.settings import settings

COMPARED = ("loss", "accuracy", "r2", "rmse")  # in the table of hyperparameters


class TensorBoard(Exporter):
    """Event files: a run a phase, so that training and validation share a chart.

    They go to `tensorboard/` in the run folder, or to a folder of the run's name below
    the place that is given. TensorFlow is not imported, even where it is installed.
    """

    name: ClassVar[str] = "tensorboard"
    title: ClassVar[str] = "TensorBoard"
    library: ClassVar[str] = "tensorboard"
    takes_place: ClassVar[str] = "the folder that --logdir is to name"

    def __init__(self, place: str = "", *, live: bool = False) -> None:
        super().__init__(place, live=live)
        self._clock = Clock()
        self._files: dict[str, _Events] = {}
        self._compared: dict[tuple[str, str], None] = {}
        self._folder: Path | None = None

    def update(self, new: Run) -> None:
        """Write the new values; a phase's own file is made with its first."""
        self._clock.hear(new)
        self._folder = self._folder or _folder(new, self.place)
        self._scalars(new, self._folder)
        for histogram in new.histograms.values():
            self._histogram(histogram, self._folder)
        for file in self._files.values():
            file.flush()

    def finish(self, run: Run, diagnosis: Diagnosis, report: Path | None) -> str:
        """Write the settings beside the results, and each finding as text."""
        folder = self._folder or _folder(run, self.place)
        file = self._file(folder)
        for summary in self._settings(run, folder):
            file.write(0, self._clock.begun, summary)
        self._findings(file, diagnosis, max(run.last_step, 0))
        return f"tensorboard --logdir {self.place or folder}"

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _file(self, folder: Path) -> "_Events":
        if str(folder) not in self._files:
            self._files[str(folder)] = _Events(folder, self._clock.begun)
        return self._files[str(folder)]

    def _scalars(self, new: Run, folder: Path) -> None:
        """An event a step, of all its values: each event is a cost of its own."""
        rows: defaultdict[tuple[str, int], dict[str, float]] = defaultdict(dict)
        for signal in new.signals.values():
            phase, name, where = parse(signal.name)
            if name in COMPARED and not where:
                self._compared[phase, name] = None
            tag = _tag(name, where)
            pairs = zip(signal.steps.tolist(), signal.values.tolist(), strict=True)
            for step, value in pairs:
                rows[phase, step][tag] = value
        for (phase, step), row in rows.items():
            file = self._file(folder / phase)
            file.scalars(step, self._clock.at(np.array([step])).item(), row)

    def _histogram(self, histogram: Histogram, folder: Path) -> None:
        phase, name, where = parse(histogram.name)
        tag, file = _tag(name, where), self._file(folder / phase)
        for at in bins(histogram):
            file.histogram(tag, at, self._clock.at(np.array([at.step])).item())

    def _settings(self, run: Run, folder: Path) -> list[Any]:
        from tensorboard.plugins.hparams import (
            summary_v2 as api,
        )  # `.api` imports Keras

        known = settings(run)
        metrics = [
            api.Metric(name, group=phase, display_name=f"{phase}/{name}")
            for phase, name in self._compared
        ]
        named = [api.HParam(name) for name in known]
        begun = self._clock.begun
        return [
            api.hparams_config_pb(named, metrics, time_created_secs=begun),
            api.hparams_pb(known, trial_id=str(folder), start_time_secs=begun),
        ]

    def _findings(self, file: "_Events", diagnosis: Diagnosis, last: int) -> None:
        from tensorboard.plugins.text.summary_v2 import text_pb

        when = self._clock.at(np.array([last])).item()
        file.write(last, when, text_pb("verdict", verdict(diagnosis)))
        for finding in diagnosis.findings:
            step = last if finding.since is None else finding.since
            file.write(step, when, text_pb(f"findings/{finding.rule}", told(finding)))


def _tag(name: str, where: str) -> str:
    return f"{name}/{where}" if where else name


def _folder(run: Run, place: str) -> Path:
    path = run.path or Path(f"run-{int(time.time())}")
    return Path(place) / path.name if place else path / "tensorboard"


class _Events:
    """An event file. TensorBoard's own writer of whole files would open it through
    TensorFlow, which takes seconds to import; its writer of records takes any file.
    """

    def __init__(self, folder: Path, begun: float) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event, self._summary = Event, Summary
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.wellfit"
        self._records = RecordWriter((folder / name).open("wb"))
        first = Event(wall_time=begun, file_version="brain.Event:2")
        self._records.write(first.SerializeToString())

    def scalars(self, step: int, when: float, row: Mapping[str, float]) -> None:
        value = self._summary.Value
        known = [value(tag=tag, simple_value=number) for tag, number in row.items()]
        self.write(step, when, self._summary(value=known))

    def histogram(self, tag: str, at: Bins, when: float) -> None:
        middles = (at.edges[1:] + at.edges[:-1]) / 2
        said = {
            "min": at.edges[0],
            "max": at.edges[-1],
            "num": at.counts.sum(),
            "sum": at.counts @ middles,
            "sum_squares": at.counts @ middles**2,
            "bucket_limit": at.edges[1:].tolist(),
            "bucket": at.counts.tolist(),
        }
        self.write(at.step, when, self._summary(value=[{"tag": tag, "histo": said}]))

    def write(self, step: int, when: float, summary: Any) -> None:
        event = self._event(wall_time=when, step=step, summary=summary)
        self._records.write(event.SerializeToString())

    def flush(self) -> None:
        self._records.flush()

    def close(self) -> None:
        self._records.close()
