"""What is new in a run folder, each value once, against the whole of it."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.core.histogram import counts_of
from wellfit.record import Recorder, Tail, created, limits, open_run, upkeep

STEPS = 320
SAID = st.lists(
    st.tuples(st.sampled_from(["a", "b@x", "val/c"]), st.integers(0, 5)) | st.none(),
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(SAID)
def test_what_is_new_adds_up_to_the_whole(tmp_path_factory, said):
    got, tail = defaultdict(list), Tail()

    def take(run):
        for signal in run.signals.values():
            pairs = zip(signal.steps.tolist(), signal.values.tolist(), strict=True)
            got[signal.name] += pairs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "FOLD_ROWS", 2)
        with Recorder(tmp_path_factory.mktemp("run")) as recorder:
            for at, one in enumerate(said):
                if one is None:
                    recorder.flush()
                    take(tail.new(recorder.folder))
                else:
                    recorder.value(one[0], one[1], at)
    run = open_run(recorder.folder)
    take(tail.rest(run))
    assert got == {
        name: list(zip(s.steps.tolist(), s.values.tolist(), strict=True))
        for name, s in run.signals.items()
    }
    assert not tail.rest(run).signals


def test_all_that_is_new_is_given_though_what_was_is_thinned(tmp_path, monkeypatch):
    for name in ("WHOLE", "PLACES", "HISTOGRAMS"):
        share = limits.Share(total=1, least=64, greatest=64)
        monkeypatch.setattr(limits, name, share)
    monkeypatch.setattr(limits, "EVENTS", 64)
    tail, got = Tail(), defaultdict(list)
    with Recorder(tmp_path / "run") as recorder:
        for step in range(STEPS):
            recorder.value("train/loss", step, step)
            recorder.histogram("train/gradient", step, counts_of(np.ones(1)))
            recorder.event("epoch", step, number=step)
            if step % 8 == 7:  # of which none is thinned at once
                recorder.flush()
                new = tail.new(recorder.folder)
                got["loss"] += new.signal("loss").steps.tolist()
                got["gradient"] += new.histograms["train/gradient"].steps.tolist()
                got["epoch"] += [event.step for event in new.events]
    run = open_run(recorder.folder)
    assert max(len(run.signal("loss")), len(run.events)) < STEPS
    assert got == {name: list(range(STEPS)) for name in got}
    rest = tail.rest(run)
    assert [*rest.signals, *rest.histograms, *rest.events] == []


def test_a_run_folder_tells_when_it_was_begun(tmp_path):
    Recorder(tmp_path / "run").close()
    at = created(tmp_path / "run")
    assert abs(at - (tmp_path / "run" / "run.db").stat().st_mtime) < 5
