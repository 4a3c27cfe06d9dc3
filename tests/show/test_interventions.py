"""What is said of a training that was healed: at its end, and while it goes on."""

import io

from rich.console import Console

from wellfit.core.run import Event, Run
from wellfit.record import Recorder
from wellfit.rules.non_finite_values import NonFiniteValues
from wellfit.show.follow import Follower
from wellfit.show.interventions import MOST, interventions
from wellfit.show.live.lines import interventions as line
from wellfit.show.report.setup import setting
from wellfit.show.terminal import show_diagnosis
from wellfit.verbs.diagnose import diagnose


def event(step, act="batch-skipped", done="the batch was passed over"):
    data = {"act": act, "seen": "the loss is nan", "done": done}
    return Event(kind="intervention", step=step, data=data)


BACK = event(90, "rolled-back", "went back to step 80")


def shown(run):
    out = io.StringIO()
    show_diagnosis(diagnose(run), run, Console(file=out, width=100))
    return out.getvalue()


def test_the_end_says_how_often_and_why():
    run = Run.of(loss=[1.0] * 100, events=[event(7), event(9), BACK])
    assert list(interventions(run)) == [
        "Where it broke, wellfit went back 1 time, passed a batch over 2 times.",
        "step 7: the loss is nan; the batch was passed over",
        "step 9: the loss is nan; the batch was passed over",
        "step 90: the loss is nan; went back to step 80",
    ]
    assert "wellfit went back 1 time" in shown(run)
    facts = dict(setting(run, diagnose(run)).facts)
    assert facts["Intervention"] == "step 90: the loss is nan; went back to step 80"
    assert "went back to step 80" in next(line(run, 100)).plain


def test_of_many_the_last_are_told():
    said = list(interventions(Run.of(events=[event(n) for n in range(20)])))
    assert said[1] == f"The last {MOST} of 20:"
    assert len(said) == MOST + 2


def test_without_any_nothing_is_said():
    run = Run.of(loss=[1.0] * 100)
    assert list(interventions(run)) == list(line(run, 100)) == []
    assert "wellfit went" not in shown(run)


def test_each_is_told_once_while_it_runs(tmp_path):
    out = io.StringIO()
    with Recorder(tmp_path / "run") as recorder:
        console = Console(file=out, width=100, force_terminal=True)
        follower = Follower(tmp_path / "run", console)
        recorder.value("train/loss", 0, 1.0)
        recorder.event("intervention", 7, **event(7).data)
        recorder.flush()
        follower.finish()
        follower.finish()
    assert out.getvalue().count("step 7: the loss is nan") == 1


def test_weights_that_were_put_back_are_no_ruin():
    nan = float("nan")
    signals = {"loss": [1.0, 0.9, nan, 0.8], "weight_norm": [1.0, 1.0, nan, 1.0]}
    healed = NonFiniteValues().check(Run.of(**signals, events=[BACK]))
    broken = NonFiniteValues().check(Run.of(**signals))
    assert (healed.severity.value, broken.severity.value) == ("warning", "critical")
