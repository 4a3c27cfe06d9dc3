"""What a treatment leaves behind: its page's data, and what it taught the ledger.

Trials that stand there already are not run again: here all of them do.
"""

import json
from math import isnan, nan
from time import monotonic

import pytest

from wellfit import report, treat
from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.plan import Change, Plan
from wellfit.record import Recorder, open_run
from wellfit.trainer.clock import Deadline
from wellfit.trials.course import Course
from wellfit.trials.executors.local import Local
from wellfit.trials.experience import Experience
from wellfit.trials.kept import open_treatment
from wellfit.trials.ledger import Ledger, experience
from wellfit.trials.proposals import proposals_for

LOWER = Plan.of(Change(change="lower-learning-rate", params={"factor": 0.1}))


def record(local, plan, seed, loss):
    """A trial that has been run; one that failed has no loss."""
    with Recorder(local.place(plan, seed)) as recorder:
        recorder.fact("command", {"script": "train.py", "framework": "torch"})
        recorder.fact("objective", {"task": "regression"})
        recorder.fact("training", {"steps": 40})
        for epoch in range(0 if isnan(loss) else 3):
            recorder.value("val/loss", epoch, loss)
        error = {"type": "MemoryError", "message": "it is full"}
        said = {"exit": 1, "error": error} if isnan(loss) else {"exit": 0}
        recorder.fact("outcome", said)


@pytest.fixture
def local(tmp_path):
    (tmp_path / "train.py").write_text("raise SystemExit('it is not run')")
    words = [str(tmp_path / "train.py")]
    return Local(words=words, module=False, folder=tmp_path / "out")


@pytest.fixture
def proven(local):
    for seed in range(1, 7):
        record(local, Plan(), seed, nan if seed == 2 else 2.0 + seed)
        record(local, LOWER, seed, 0.1 * seed)
    return local


def treated(local, **options):
    return treat(local.words[0], plan=LOWER, out=local.folder, **options)


def test_it_is_kept_beside_its_trials(proven):
    found = treated(proven)
    assert found.outcome == "better"
    kept = open_treatment(proven.folder)
    assert repr(kept.treatment.verdict) == repr(found.verdict)
    assert kept.first == proven.place(Plan(), 1)
    assert [open_run(b).signal("val/loss").last for _, b in kept.pairs] == [
        pytest.approx(0.1 * seed) for seed in range(1, 7)
    ]
    page = report(found).read_text()
    assert "makes it better" in page
    again = treated(proven)
    assert open_treatment(proven.folder).id == kept.id
    assert again.notes == found.notes


def test_what_it_taught_is_in_the_ledger_once(proven, tmp_path, monkeypatch):
    monkeypatch.setenv("WELLFIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WELLFIT_LEDGER")
    treated(proven, ledger=False)
    assert not (tmp_path / "home").exists()
    first = treated(proven)
    assert "what was tried is kept in" in first.notes[-1]
    assert not any("is kept in" in note for note in treated(proven).notes)
    (found,) = experience(remedy="lower-learning-rate")
    assert (found.rule, found.tried, found.helped) == ("", 1, 1)
    ((_, entry),) = Ledger(path=tmp_path / "home" / "ledger.db").entries()
    assert (entry.framework, entry.task, entry.steps) == ("torch", "regression", 40)
    assert (entry.stage, entry.outcome, entry.pairs) == ("proof", "better", 6)
    assert str(tmp_path).encode() not in (tmp_path / "home/ledger.db").read_bytes()


def test_what_cannot_be_kept_ends_nothing(proven, tmp_path, monkeypatch):
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("WELLFIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WELLFIT_LEDGER")
    (proven.folder / "treatment.json").mkdir()
    found = treated(proven)
    assert found.outcome == "better"
    ledger, page = found.notes[-2:]
    assert "ledger.db could not be written" in ledger
    assert "could not be kept for `wellfit report`" in page


VANISHING = Diagnosis(
    findings=(
        Finding(
            rule="vanishing-gradients",
            severity=Severity.CRITICAL,
            confidence=0.9,
            summary="it vanishes",
            remedies=("swap-activations", "reinitialize"),
        ),
    )
)


@pytest.mark.parametrize("helped", [0, 9])
def test_what_helped_before_is_tried_first(local, helped):
    record(local, Plan(), 0, 2.0)
    run = open_run(local.place(Plan(), 0))
    proposals = proposals_for(run, VANISHING)
    helping = next(p for p in proposals if p.change.change == "reinitialize")
    for one in proposals:
        record(local, Plan.of(one.change), 0, 1.0 if one == helping else 9e4)
    for seed in (1001, *range(1, 7)):
        record(local, Plan(), seed, 2.0 + seed)
        record(local, Plan.of(helping.change), seed, 1.0)
    known = Experience(
        rule="vanishing-gradients",
        remedy="reinitialize",
        tried=helped,
        helped=helped,
        gain=0.5,
    )
    begun, trials, own = monotonic(), [], local.place(Plan(), 0)
    well = Diagnosis(passed=("vanishing-gradients",))
    course = Course(
        executor=local,
        run=run,
        until=Deadline(at=begun + 60),
        begun=begun,
        known=[known],
        diagnose=lambda folder: VANISHING if folder == own else well,
        on_trial=trials.append,
    )
    found = course.search()
    first = next(t for t in trials if t.plan.changes).plan.changes[0].change
    assert first == ("reinitialize" if helped else "swap-activations")
    assert found.outcome == "better"
    assert {*found.against.values()} == {"vanishing-gradients"}
    assert json.dumps(found.to_json())
