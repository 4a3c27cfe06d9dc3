"""When a plan is proven, and when it is not: over made-up runs."""

from math import nan

import numpy as np
import pytest

from wellfit.core.errors import UnknownName
from wellfit.core.plan import Change, Plan
from wellfit.core.run import Run
from wellfit.core.verdict import Outcome
from wellfit.trials.metric import Metric, metric_of
from wellfit.trials.proof import LEAST, MOST, Proof

PLAN = Plan.of(Change(change="clip-gradients", params={"norm": 1.0}))


def losses(gain, *, noise=0.1, own=0.1, seed=0):
    """A try: the loss of a seed, less by the gain where there is a plan."""
    rng = np.random.default_rng(seed)
    of_seed = rng.normal(1.0, noise, 100)
    of_run = rng.normal(0.0, own, (2, 100))

    def try_(plan, number):
        treated = bool(plan.changes)
        return of_seed[number] + of_run[int(treated)][number] - gain * treated

    return try_


def proof(**said):
    return Proof(plan=PLAN, greater_is_better=False, **said)


def test_a_great_gain_is_proven_by_few_pairs():
    verdict = proof().run(losses(1.0))
    assert verdict.outcome is Outcome.BETTER
    assert len(verdict.control) == len(verdict.treated) == 6
    assert verdict.effect.low > 0
    assert verdict.effect.median == pytest.approx(1.0, abs=0.3)
    assert verdict.to_json()["trials"] == 2 * len(verdict.control)


def test_harm_is_seen_too():
    assert proof().run(losses(-1.0)).outcome is Outcome.WORSE


def test_what_does_nothing_is_said_to_help_no_more_often_than_promised():
    said = [proof().run(losses(0.0, seed=s)).outcome for s in range(400)]
    assert np.mean([o is not Outcome.NO_EFFECT for o in said]) <= 0.05


def test_seeds_that_vary_much_do_not_hide_a_gain_that_all_of_them_have():
    verdict = proof().run(losses(0.2, noise=5.0, own=0.03))
    assert verdict.outcome is Outcome.BETTER


def test_what_changes_no_bit_has_no_effect():
    verdict = proof().run(losses(0.0, own=0.0))
    assert verdict.outcome is Outcome.NO_EFFECT
    assert len(verdict.control) == LEAST
    assert verdict.control == verdict.treated


def test_a_gain_too_small_to_count_is_none():
    verdict = proof(least_gain=0.5).run(losses(0.1, own=0.01))
    assert verdict.outcome is Outcome.NO_EFFECT
    assert verdict.effect.median > 0.05
    assert verdict.effect.high < 0.5
    assert len(verdict.control) < MOST


def test_without_time_it_is_not_decided():
    ran = []

    def try_(plan, seed):
        ran.append((plan, seed))
        return None if len(ran) > 5 else losses(1.0)(plan, seed)

    verdict = proof().run(try_)
    assert verdict.outcome is Outcome.NO_EFFECT
    assert len(verdict.control) == 2  # the pair that was not done does not count
    assert ran[:2] == [(Plan(), 1), (PLAN, 1)]


def test_without_a_single_pair_it_has_failed():
    verdict = proof().run(lambda plan, seed: None if plan.changes else 1.0)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.effect is None


def test_a_plan_that_fails_more_often_is_never_better():
    good = losses(1.0)

    def try_(plan, seed):
        return nan if plan.changes and seed == 2 else good(plan, seed)

    assert proof().run(try_).outcome is not Outcome.BETTER


def test_a_training_that_always_breaks_is_better_for_a_plan_that_mends_it():
    rng = np.random.default_rng(0)

    def try_(plan, seed):
        return float(rng.normal(1.0, 0.05)) if plan.changes else nan

    verdict = proof().run(try_)
    assert verdict.outcome is Outcome.BETTER
    assert all(np.isnan(verdict.control))


def test_the_metric_is_the_validation_loss_else_that_of_training():
    run = Run.of({"loss": [5.0, *([2.0] * 18), 1.0], "val/loss": [3.0, 2.5]})
    found = metric_of(run, None)
    assert (found.name, found.of(run), found.note) == ("val/loss", 2.5, "")
    alone = metric_of(Run.of(loss=[5.0, *([2.0] * 18), 1.0]), None)
    assert alone.of(run) == 1.5  # the mean of the last tenth
    assert "validates nothing" in alone.note
    assert np.isnan(Metric(name="val/loss").of(Run.of({"val/loss": [1.0, nan]})))
    assert np.isnan(Metric(name="val/f1").of(run))
    with pytest.raises(UnknownName, match="did you mean 'val/loss'"):
        metric_of(run, "val/los")


@pytest.mark.parametrize(("jobs", "pairs"), [(1, 1), (2, 1), (3, 1), (8, 4), (12, 6)])
def test_as_many_pairs_are_run_at_once_as_there_is_room_for(jobs, pairs):
    """And what is said does not hang on it."""
    told, asked, try_ = [], [], losses(0.1, own=0.05)

    def asking(plan, seed):
        asked.append((plan, seed))
        assert asked[-1] in [one for some in told for one in some]
        return try_(plan, seed)

    verdict = proof(jobs=jobs).run(asking, ahead=told.append)
    assert verdict == proof().run(try_)
    assert {len(some) for some in told} == {2 * pairs}
    every = [one for some in told for one in some]
    assert every[: len(asked)] == asked
    assert len(every) - len(asked) < 2 * pairs
