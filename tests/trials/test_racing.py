"""Which trials are given up, and that they end as runs that can be read."""

from functools import partial

import numpy as np
import pytest

from wellfit.core.plan import Change, Plan
from wellfit.core.run import Run
from wellfit.record import Recorder
from wellfit.trials.executors.local import Local
from wellfit.trials.metric import Metric
from wellfit.trials.racing import given_up, is_hopeless

LOWER = Plan.of(Change(change="lower-learning-rate", params={"factor": 0.5}))
FALLING = 1.0 + 3.0 / np.arange(1, 21)
loss = partial(is_hopeless, greater_is_better=False)


def test_a_trial_that_is_level_is_not_given_up():
    assert not any(loss(FALLING, FALLING[:n]) for n in range(21))


def test_a_trial_that_begins_slowly_is_not_given_up():
    slow = np.r_[np.full(8, 4.0), np.linspace(3.0, 0.5, 12)]
    assert not any(loss(FALLING, slow[:n]) for n in range(21))


def test_a_trial_that_stands_still_is_given_up_at_half_of_the_time():
    flat = np.full(20, 4.0)
    assert [loss(FALLING, flat[:n]) for n in range(8, 12)] == [False, False, True, True]


def test_it_is_not_where_the_script_ends_even_worse():
    """It overfits: being slow may be the remedy."""
    rising = np.r_[FALLING[:10], np.linspace(1.3, 9.0, 10)]
    assert not loss(rising, np.full(15, 4.0))


def test_greater_may_be_better():
    judge = partial(is_hopeless, greater_is_better=True)
    assert judge(-FALLING, np.full(10, -4.0))
    assert not judge(-FALLING, -FALLING[:10])


def test_what_is_no_number_any_more_is_given_up_at_once():
    assert loss(FALLING, np.array([4.0, np.nan, np.nan, np.inf]))
    assert not loss(FALLING, np.array([4.0, np.nan, 3.0, np.nan]))


@pytest.mark.parametrize("values", [[], [3.0]])
def test_little_is_known_of_a_control_with_few_values(values):
    assert not loss(np.array(values), np.array([4.0]))


def test_a_trial_that_is_given_up_ends_as_a_run(tmp_path):
    """It would go on for a minute, and knows nothing of how it is stopped."""
    script = tmp_path / "train.py"
    script.write_text("print('begun', flush=True)\nimport time\ntime.sleep(60)")
    local = Local(words=[str(script)], module=False, folder=tmp_path)

    def stopping(folder):
        return "begun" in (folder / "said.txt").read_text()

    run = local.run(LOWER, 0, seconds=50, given_up=stopping)
    assert run.facts["outcome"] == {
        "exit": 0, "error": None, "interrupted": False, "stopped": True
    }  # fmt: skip
    assert local.run(LOWER, 0, seconds=0.0).facts == run.facts  # it is kept


def test_a_trial_is_judged_by_its_metric_so_far(tmp_path):
    for name, values in (("flat", np.full(10, 4.0)), ("falling", FALLING[:10])):
        with Recorder(tmp_path / name) as recorder:
            for step, value in enumerate(values):
                recorder.value("val/loss", step, value)
    judge = given_up(Run.of(**{"val/loss": FALLING}), Metric(name="val/loss"))
    assert [judge(tmp_path / n) for n in ("flat", "falling", "none")] == [1, 0, 0]
    nothing = given_up(Run.of(), Metric(name="val/loss"))
    assert not nothing(tmp_path / "flat")
