"""What is out of the ordinary for a loss, judged by its own past alone."""

import math

import numpy as np
import pytest

from wellfit.record import open_run
from wellfit.taps.torch.healing.course import PATIENCE, ROW, TRIAL, Course, Judge


def falling(count, start=2.3, end=0.4, noise=0.03, seed=0):
    """Losses as a training has them."""
    drawn = np.random.default_rng(seed)
    level = end + (start - end) * np.exp(-np.arange(count) / (count / 8))
    return (level * (1 + noise * drawn.standard_normal(count))).tolist()


def faults(losses, *, norms=None, rates=None, several=False):
    """What is told of these, with the steps at which it is."""
    judge = Judge()
    judge.several = several
    told = []
    for step, loss in enumerate(losses):
        norm = None if norms is None else norms[step]
        rate = 0.1 if rates is None else rates[step]
        found = judge.see(step, loss, norm, rate)
        if found is not None:
            told.append((step, found))
            judge = judge.past()
    return told


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("noise", [0.01, 0.1, 0.4])
def test_a_healthy_course_is_left_alone(seed, noise):
    assert faults(falling(1500, noise=noise, seed=seed)) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_told_at_once(bad):
    losses = [*falling(10), bad]
    [(step, found)] = faults(losses)
    assert (step, found.kind, found.sudden) == (10, "non-finite", True)
    [(step, found)] = faults(falling(11), norms=[1.0] * 10 + [bad])
    assert found.text == f"the gradient norm is {bad}"


def test_an_explosion_is_told_after_three_losses():
    losses = [*falling(200), 40.0, 50.0, 60.0]
    [(step, found)] = faults(losses)
    assert (step, found.kind, found.since) == (199 + ROW, "explosion", 200)
    assert not found.sudden


@pytest.mark.parametrize("length", [1, 2])
def test_a_loss_that_jumps_and_falls_again_is_not(length):
    usual = falling(400)
    assert faults([*usual[:200], *[90.0] * length, *usual[200:]]) == []


def test_a_spike_that_does_not_recover_is_told_when_its_time_is_up():
    losses = [*falling(250), *[1.9] * 60]
    (step, found), *_ = faults(losses)
    assert (found.kind, found.since) == ("spike", 250)
    assert step == 249 + PATIENCE[0]


def test_a_spike_that_recovers_is_not():
    usual = falling(500)
    back = np.linspace(1.9, usual[250], PATIENCE[0] - 5).tolist()
    assert faults([*usual[:250], *back, *usual[250:]]) == []


def test_a_rise_after_the_script_has_raised_the_rate_is_its_own_affair():
    losses = [*falling(250), *[1.9] * 200]
    rates = [0.01] * 250 + [0.1] * 200
    assert faults(losses, rates=rates) == []


def test_of_opponents_only_what_is_vast_is_told():
    rising = [*falling(200), *np.linspace(0.4, 20, 300).tolist()]
    assert faults(rising, several=True) == []
    [(_, found)] = faults([*falling(200), 1e4, 1e4, 1e4], several=True)
    assert found.kind == "explosion"


def test_losses_below_zero_have_a_scale_too():
    usual = [loss - 6.0 for loss in falling(300)]
    assert faults(usual) == []
    [(_, found)] = faults([*usual, 30.0, 30.0, 30.0])
    assert found.kind == "explosion"


def test_a_loss_and_a_gradient_that_are_vast_are_told_before_the_step():
    norms = [1.0] * 100 + [1e4]
    [(step, found)] = faults([*falling(100), 1e4], norms=norms)
    assert (step, found.sudden) == (100, True)
    assert faults([*falling(100), 1e4], norms=[1.0] * 101) == []


def test_gradients_explode_where_they_do_three_times_above_all_that_were():
    norms = [1.0] * 100 + [300.0] * 2 + [1.0] * 50 + [300.0] * 3
    [(step, found)] = faults(falling(155), norms=norms)
    assert (step, found.kind, found.since) == (154, "explosion", 152)
    tiny = [1.0] * 20 + [1e-6] * 80 + [1e-3] * 10  # near the end of a good training
    assert faults(falling(110), norms=tiny) == []


@pytest.mark.parametrize(("there", "blamed"), [(1.9, True), (0.4, False)])
def test_after_a_spike_the_data_are_to_blame_where_it_is_no_better(there, blamed):
    spiked = Judge()
    for step, loss in enumerate([*falling(250), *[1.8] * PATIENCE[0]]):
        found = spiked.see(step, loss, None)
    assert found.kind == "spike"
    judge = spiked.past()
    judge.on_trial("spike", spiked.level)
    assert not judge.calm
    told = [judge.see(300 + n, there, None) for n in range(TRIAL["spike"])]
    assert set(told[:-1]) == {None}
    assert (told[-1] is not None) == blamed


def test_the_past_that_is_kept_is_bounded():
    course = Course()
    for value in falling(20_000):
        course.take(value)
    assert len(course._levels) <= 256
    assert course.early == pytest.approx(2.3, rel=0.7)
    assert course.low < 0.42


def rate_at(rates, step):
    before = [] if rates is None else rates.values[rates.steps <= step]
    return float(before[-1]) if len(before) else 0.0


def test_the_stored_healthy_runs_are_left_alone(request):
    """Their own losses, gradients and rates, as they were recorded."""
    folder = request.config.rootpath / "tests" / "runs" / "healthy"
    judged, alarmed = 0, set()
    for path in sorted(folder.iterdir()):
        run = open_run(path)
        loss = run.get("train/loss")
        if loss is None or len(loss) < 32:
            continue
        norms = run.get("grad_norm")
        at = {} if norms is None else dict(zip(norms.steps, norms.values, strict=True))
        judge = Judge()
        judge.several = bool(run.at("train/loss"))
        rates = run.get("learning_rate")
        told = [
            judge.see(int(s), float(v), at.get(s), rate_at(rates, s))
            for s, v in zip(loss.steps, loss.values, strict=True)
        ]
        judged += 1
        if any(told):
            alarmed.add(path.name)
    assert judged > 40
    # Another optimizer begins there, which is judged by itself: it has no past.
    assert alarmed == {"lora_adapter", "smoothed_wine"}
