"""Tools are fed beside the training: what is slow or broken holds nothing up."""

import threading
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from tests.exporters.conftest import describe, record
from wellfit import Diagnosis, Run
from wellfit.core.errors import MissingExtra, UnknownName
from wellfit.exporters import feed as feeding
from wellfit.exporters.discovery import found_exporters, opened
from wellfit.exporters.exporter import Exporter
from wellfit.exporters.feed import Feeds, send
from wellfit.record import Recorder, open_run


class Kept(Exporter):
    """Keeps what it is given."""

    name, title, library = "kept", "Kept", "json"

    def __init__(self, place: str = "", *, live: bool = True) -> None:
        super().__init__(place, live=live)
        self.values: defaultdict[str, list[float]] = defaultdict(list)
        self.counts: defaultdict[str, list[list[int]]] = defaultdict(list)
        self.epochs: list[int] = []
        self.updates = 0
        self.closed = 0

    def update(self, new: Run) -> None:
        self.updates += 1
        for signal in new.signals.values():
            self.values[signal.name] += signal.values.tolist()
        for histogram in new.histograms.values():
            self.counts[histogram.name] += histogram.counts.tolist()
        self.epochs += [e.data["number"] for e in new.happened("epoch")]

    def finish(self, run: Run, diagnosis: Diagnosis, report: Path | None) -> str:
        return "kept"

    def close(self) -> None:
        self.closed += 1


class Broken(Kept):
    """Fails at its first update."""

    title = "Broken"

    def update(self, new: Run) -> None:
        raise ConnectionError("no route to host\nand more of it")


class Hanging(Kept):
    """Never comes back."""

    title = "Hanging"

    def update(self, new: Run) -> None:
        threading.Event().wait()


def test_each_value_is_given_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "REST", 0.0)
    kept = Kept()
    feeds = Feeds([kept], say=pytest.fail)
    with Recorder(tmp_path / "run") as recorder:
        describe(recorder)
        for first in range(0, 40, 8):
            record(recorder, first, first + 8)
            recorder.flush()
            before = kept.updates
            while kept.updates == before:
                feeds.poll(recorder.folder)
                time.sleep(0.01)
        record(recorder, 40, 43)  # which nobody polls for
    run = open_run(recorder.folder)
    assert feeds.finish(run, Diagnosis()) == ["kept"]
    assert kept.updates > 5
    assert set(kept.values) == set(run.signals)
    for name, signal in run.signals.items():
        np.testing.assert_array_equal(kept.values[name], signal.values)
    for name, histogram in run.histograms.items():
        assert kept.counts[name] == histogram.counts.tolist()
    assert kept.epochs == list(range(1, 11))
    assert kept.closed == 1


def test_a_short_run_is_given_whole(run: Run) -> None:
    kept = Kept()
    assert Feeds([kept], say=pytest.fail).finish(run, Diagnosis()) == ["kept"]
    assert len(kept.values["train/loss"]) == 12


def test_a_tool_that_fails_is_told_of_once_and_the_others_go_on(run: Run) -> None:
    said: list[str] = []
    broken, kept = Broken(), Kept()
    feeds = Feeds([broken, kept], say=said.append)
    assert run.path is not None
    for _ in range(3):
        feeds.poll(run.path)
    assert feeds.finish(run, Diagnosis()) == ["kept"]
    assert said == [
        "Broken gets nothing more of this run: ConnectionError: no route to host"
    ]
    assert len(kept.values["train/loss"]) == 12
    assert broken.closed == kept.closed == 1


def test_a_tool_that_hangs_is_left_behind(run: Run) -> None:
    said: list[str] = []
    feeds = Feeds([Hanging(), Kept()], say=said.append)
    assert run.path is not None
    begun = time.monotonic()
    feeds.poll(run.path)
    assert time.monotonic() - begun < 1
    assert feeds.finish(run, Diagnosis(), patience=0.5) == ["kept"]
    assert time.monotonic() - begun < 5
    assert said == ["Hanging did not take all in time; left behind"]


def test_the_tools_are_these() -> None:
    names = {"tensorboard", "wandb", "mlflow", "comet", "prometheus"}
    assert set(found_exporters()) == names


def test_a_name_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'wandb'"):
        opened("wandbb")


@pytest.mark.parametrize("kind", found_exporters().values(), ids=found_exporters())
def test_a_library_that_is_missing_is_said_at_once(
    kind: type[Exporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "library", "not_installed")
    with pytest.raises(MissingExtra, match=rf"pip install 'wellfit\[{kind.name}\]'"):
        kind()


def test_a_recorded_run_is_sent(run: Run, tmp_path: Path) -> None:
    assert run.path is not None
    (said,) = send(Diagnosis(), run.path, [f"tensorboard={tmp_path / 'logs'}"])
    assert said == f"tensorboard --logdir {tmp_path / 'logs'}"
    assert list((tmp_path / "logs" / "net" / "val").iterdir())
