"""The first predictor is the run's own; the others stand below it, or are counted."""

import threading
from pathlib import Path

import pytest

from wellfit.record import Recorder, open_run
from wellfit.taps.fits import FREE, Fits, Kind, fits_of
from wellfit.taps.tap import enter, leave


class Quiet:
    """A tap that sees nothing."""

    framework = "quiet"

    def __init__(self, records, step=0):
        self.records = records
        self.step = step

    def attach(self): ...

    def detach(self): ...

    def finish(self): ...


@pytest.fixture
def recorder(tmp_path: Path):
    with Recorder(tmp_path / "run") as made:
        yield made


def _fit(fits: Fits, name: str, kind: Kind = Kind.PREDICTOR, loss: float = 0.5):
    fit = fits.begin(name, kind)
    fit.records.value("train/loss", 0, loss)
    fits.end(fit)
    return fit


def test_the_first_predictor_is_the_runs_own(recorder: Recorder) -> None:
    ours = Quiet(recorder)
    fits = fits_of(recorder, ours)
    _fit(fits, "StandardScaler", Kind.OTHER)
    _fit(fits, "Folds", Kind.VALIDATION, loss=0.9)
    _fit(fits, "SVC", loss=0.3)
    late = _fit(fits, "Ridge", loss=0.2)
    late.score("val/r2", 0.8)
    fits.finish(ours)
    recorder.close()
    run = open_run(recorder.folder)
    assert run.signal("train/loss").values.tolist() == [0.3]
    assert [line["where"] for line in run.facts["fits"]["fits"]] == [
        None,
        "trials/fit-2",
        ".",
        "trials/fit-4",
    ]
    below = open_run(recorder.folder / "trials" / "fit-4")
    assert below.signal("val/r2").last == 0.8
    assert run.facts["fits"]["fits"][3]["scores"] == {"val/r2": 0.8}


def test_where_nothing_predicts_the_best_of_the_rest_is(recorder: Recorder) -> None:
    ours = Quiet(recorder)
    fits = fits_of(recorder, ours)
    _fit(fits, "StandardScaler", Kind.OTHER)
    _fit(fits, "Folds", Kind.VALIDATION, loss=0.9)
    fits.finish(ours)
    recorder.close()
    assert open_run(recorder.folder).signal("train/loss").last == 0.9


def test_a_fit_within_a_fit_is_a_part_of_it(recorder: Recorder) -> None:
    ours = Quiet(recorder)
    fits = fits_of(recorder, ours)
    outer = fits.begin("Pipeline")
    assert fits.current is outer
    first = fits.begin("StandardScaler", Kind.OTHER)
    assert first.outer is outer
    assert not first.watched
    fits.end(first)
    outer.lends = True
    last = fits.begin("SVC")
    assert last.watched
    assert last.records is outer.records
    fits.end(last)
    fits.end(outer)
    assert fits.current is None
    assert fits.count == 1


def test_a_helper_threads_fit_is_a_part_of_the_main_ones(recorder: Recorder) -> None:
    ours = Quiet(recorder)
    fits = fits_of(recorder, ours)
    seen = []

    def fit_one() -> None:
        fit = fits.begin("Tree")
        seen.append(fit.outer)
        fits.end(fit)

    outer = fits.begin("Forest")
    thread = threading.Thread(target=fit_one)
    thread.start()
    thread.join()
    fits.end(outer)
    thread = threading.Thread(target=fit_one)
    thread.start()
    thread.join()
    assert seen == [outer, None]
    assert fits.count == 2


def test_a_framework_that_trains_besides_keeps_the_runs_place(
    recorder: Recorder,
) -> None:
    other, ours = Quiet(recorder), Quiet(recorder)
    enter(other)
    try:
        fits = fits_of(recorder, ours)
        assert fits_of(recorder, ours) is fits
        _fit(fits, "LogisticRegression")
        other.step = 7  # a network is trained after all
        fits.finish(ours)
    finally:
        leave(other)
    recorder.close()
    run = open_run(recorder.folder)
    assert "train/loss" not in run
    assert run.facts["fits"]["fits"][0]["where"] == "trials/fit-1"


def test_many_fits_are_only_counted(recorder: Recorder) -> None:
    ours = Quiet(recorder)
    fits = fits_of(recorder, ours)
    for _ in range(200):
        fits.spent += 1.0  # far beyond what may be spent
        fits.end(fits.begin("Ridge"))
    fits.finish(ours)
    recorder.close()
    fact = open_run(recorder.folder).facts["fits"]
    assert fact["count"] == 200
    assert len(fact["fits"]) == FREE
    assert fact["more"]["Ridge"]["count"] == 200 - FREE
