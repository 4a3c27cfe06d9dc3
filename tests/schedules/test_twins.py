"""Every schedule against PyTorch's own, step by step."""

import pytest
import torch
from torch.optim import lr_scheduler as theirs

from wellfit.schedules.composed import Product, Restarts, Sequence, WarmUp
from wellfit.schedules.cycles import Cyclical, OneCycle
from wellfit.schedules.decay import Cosine, Exponential, Linear, Piecewise, StepDecay
from wellfit.schedules.plateau import Plateau
from wellfit.schedules.schedule import Constant

RATE = 0.8


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)


def rates(make, steps):
    """The rate at each step, as the script of somebody who uses torch has it."""
    stepped = optimizer()
    schedule = make(stepped)
    found = []
    for _ in range(steps):
        found.append(stepped.param_groups[0]["lr"])
        stepped.step()
        schedule.step()
    return found


def warm_then_cosine(o):
    parts = [
        theirs.LinearLR(o, start_factor=0.1, total_iters=5),
        theirs.CosineAnnealingLR(o, T_max=20),
    ]
    return theirs.SequentialLR(o, parts, milestones=[5])


def both(o):
    parts = [theirs.StepLR(o, 7), theirs.ExponentialLR(o, 0.9)]
    return theirs.ChainedScheduler(parts, o)


TWINS = {
    "constant": (Constant(), lambda o: theirs.LambdaLR(o, lambda step: 1.0)),
    "step": (StepDecay(every=7, rate=0.3), lambda o: theirs.StepLR(o, 7, gamma=0.3)),
    "piecewise": (
        Piecewise(at=(3, 9, 10), values=(1, 0.1, 0.01, 0.001)),
        lambda o: theirs.MultiStepLR(o, [3, 9, 10]),
    ),
    "exponential": (Exponential(rate=0.9), lambda o: theirs.ExponentialLR(o, 0.9)),
    "linear": (
        Linear(steps=13, start=0.2, end=0.7),
        lambda o: theirs.LinearLR(o, 0.2, 0.7, total_iters=13),
    ),
    "cosine": (
        Cosine(steps=40, floor=0.1),
        lambda o: theirs.CosineAnnealingLR(o, 40, eta_min=0.1 * RATE),
    ),
    "triangular": (
        Cyclical(rising=5, falling=3, low=0.25),
        lambda o: theirs.CyclicLR(o, RATE / 4, RATE, 5, 3, cycle_momentum=False),
    ),
    "triangular2": (
        Cyclical(rising=5, low=0.25, cycle_rate=0.5),
        lambda o: theirs.CyclicLR(
            o, RATE / 4, RATE, 5, mode="triangular2", cycle_momentum=False
        ),
    ),
    "exp_range": (
        Cyclical(rising=5, low=0.25, step_rate=0.97),
        lambda o: theirs.CyclicLR(
            o, RATE / 4, RATE, 5, mode="exp_range", gamma=0.97, cycle_momentum=False
        ),
    ),
    "one-cycle": (
        OneCycle(steps=40),
        lambda o: theirs.OneCycleLR(o, RATE, total_steps=40, cycle_momentum=False),
    ),
    "restarts": (
        Restarts(of=Cosine(steps=6, floor=0.1), steps=6, growth=2),
        lambda o: theirs.CosineAnnealingWarmRestarts(o, 6, 2, eta_min=0.1 * RATE),
    ),
    "restarts of one length": (
        Restarts(of=Cosine(steps=6), steps=6),
        lambda o: theirs.CosineAnnealingWarmRestarts(o, 6),
    ),
    "warm-up": (
        WarmUp(steps=5, start=0.1, then=Constant()),
        lambda o: theirs.LinearLR(o, 0.1, total_iters=5),
    ),
    "warm-up, then cosine": (
        WarmUp(steps=5, start=0.1, then=Cosine(steps=20)),
        warm_then_cosine,
    ),
    "product": (Product(parts=(StepDecay(every=7), Exponential(rate=0.9))), both),
}


def momenta(make, steps):
    """The momentum at each step, of SGD's."""
    weight = torch.nn.Parameter(torch.zeros(1))
    stepped = torch.optim.SGD([weight], lr=RATE, momentum=0.9)
    schedule = make(stepped)
    found = []
    for _ in range(steps):
        found.append(stepped.param_groups[0]["momentum"])
        stepped.step()
        schedule.step()
    return found


def test_the_momentum_of_one_cycle_is_torchs():
    expected = momenta(lambda o: theirs.OneCycleLR(o, RATE, total_steps=40), 40)
    ours = OneCycle(steps=40, momenta=(0.85, 0.95))
    found = [ours.momentum(step) for step in range(40)]
    assert found == pytest.approx(expected, rel=1e-9)
    late = Sequence(parts=(Constant(), ours), at=(3,))
    assert [late.momentum(step) for step in (2, 3, 4)] == [None, *found[:2]]
    warmed = WarmUp(steps=3, then=ours)
    assert [warmed.momentum(step) for step in (0, 3, 4)] == [found[0], *found[:2]]


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.filterwarnings("ignore:The epoch parameter:UserWarning")
def test_it_is_torchs(name):
    ours, make = TWINS[name]
    steps = 25 if name == "warm-up, then cosine" else 40
    expected = rates(make, steps)
    found = [RATE * ours.factor(step, ours.initial()) for step in range(steps)]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("greater", [False, True])
@pytest.mark.parametrize("cooldown", [0, 3])
def test_the_plateau_is_torchs(greater, cooldown):
    stepped = optimizer()
    schedule = theirs.ReduceLROnPlateau(
        stepped, "max" if greater else "min", 0.5, 2, cooldown=cooldown, min_lr=0.1
    )
    ours = Plateau(
        greater_is_better=greater,
        rate=0.5,
        patience=2,
        cooldown=cooldown,
        floor=0.1 / RATE,
    )
    state = ours.initial()
    generator = torch.Generator().manual_seed(0)
    for step in range(60):
        metric = 1 + float(torch.rand((), generator=generator))
        schedule.step(metric)
        state = ours.tell(state, step, {"val/loss": metric})
        expected = stepped.param_groups[0]["lr"]
        assert RATE * ours.factor(step, state) == pytest.approx(expected)


def test_a_sequence_begins_each_part_anew():
    ours = Sequence(parts=(Linear(steps=4), StepDecay(every=2, rate=0.5)), at=(4,))
    found = [ours.factor(step) for step in range(8)]
    assert found == [1, 0.75, 0.5, 0.25, 1, 1, 0.5, 0.5]
