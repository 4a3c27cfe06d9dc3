"""Changes of how long is trained, and of what is kept, beside the same by hand."""

import copy
from functools import partial
from math import cos, pi

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.taps.test_changes import changed
from tests.taps.test_edits import change, network, rows, same
from wellfit.core.rates import GROWTH, HIGH, goes_on, rate_taken
from wellfit.taps.torch.edits import durations, rates

F = nn.functional
HELD = rows(seed=1)
SGD = partial(torch.optim.SGD, momentum=0.5)


def normed():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 1)
    )


def loader(size=8, **options):
    order = torch.Generator().manual_seed(0)
    data = TensorDataset(*rows())
    return DataLoader(data, batch_size=size, generator=order, **options)


class Loop:
    """A loop that validates after each epoch, as people write it."""

    def __init__(self, net=None, *, lr=0.1, silent=True, schedule=None, make=SGD):
        self.net = net or normed()
        self.optimizer = make(self.net.parameters(), lr=lr)
        self.schedule = schedule(self.optimizer) if schedule else None
        self.silent, self.losses, self.rates = silent, [], []
        self.trained = []  # losses of training

    def epoch(self, batches, each=None):
        self.net.train()
        for x, y in batches:
            self.optimizer.zero_grad()
            loss = F.mse_loss(self.net(x), y)
            loss.backward()
            self.optimizer.step()
            self.trained.append(loss.item())
            self.rates.append(self.optimizer.param_groups[0]["lr"])
            if self.schedule:
                self.schedule.step()
            if each:
                each()

    def validate(self, net=None):
        net = net or self.net
        net.eval()
        with torch.set_grad_enabled(not self.silent):
            self.losses.append(F.mse_loss(net(HELD[0]), HELD[1]).item())

    def run(self, epochs=4, batches=None):
        batches = batches or loader()
        for _ in range(epochs):
            self.epoch(batches)
            self.validate()
        return self


# -- the rate ------------------------------------------------------------------------


def searched(*, steps, epochs, make=SGD, share=lambda step: 1.0):
    """The same by hand: a range test, all put back, and the batches after it."""
    loop = Loop(make=make)
    net, optimizer = loop.net, loop.optimizer
    before = copy.deepcopy(net.state_dict())
    rates = [HIGH / GROWTH ** (steps - 1 - step) for step in range(steps)]
    batches = [batch for _ in range(epochs) for batch in loader()]
    losses = []
    net.train()
    for place, (x, y) in enumerate(batches):
        loss = F.mse_loss(net(x), y)
        losses.append(loss.item())
        if not goes_on(losses) or len(losses) == steps:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = rates[place]
        optimizer.step()
    net.load_state_dict(before)
    optimizer.state.clear()
    rate = rate_taken(rates, losses)
    for later in range(place + 1, len(batches)):
        optimizer.param_groups[0]["lr"] = rate * share(later)
        loop.epoch(batches[later : later + 1])
    return loop, rate


def close_all(one, other, **within):
    for name, value in other.state_dict().items():
        torch.testing.assert_close(one.state_dict()[name], value, **within)


def test_a_rate_is_found_and_trained_with():
    one = change("find-learning-rate", steps=60)
    expected, rate = searched(steps=60, epochs=25)
    with changed(one) as kept:
        found = Loop(lr=1e-4)
        for _ in range(25):
            found.epoch(loader())
    close_all(found.net, expected.net)
    assert kept.facts["plan"]["found"] == {one.id: {"rate": rate}}
    assert kept.facts["plan"]["without_effect"] == {}
    assert found.rates[-1] == 1e-4  # the script's own
    assert 1e-3 < rate < 1


def test_a_rate_is_found_under_a_schedule_and_for_another_optimizer():
    def cosine(optimizer):
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 160)

    search = change("find-learning-rate")
    expected, rate = searched(
        steps=100,
        epochs=40,
        make=torch.optim.Adam,
        share=lambda step: (1 + cos(pi * step / 160)) / 2,
    )
    with changed(search, change("switch-optimizer", to="adam")) as kept:
        found = Loop(lr=1e-4, schedule=cosine)
        for _ in range(40):
            found.epoch(loader())
    assert kept.facts["plan"]["found"] == {search.id: {"rate": rate}}
    close_all(found.net, expected.net, rtol=1e-3, atol=1e-4)


def test_a_loss_that_breaks_ends_the_search():
    def poisoned():
        for place, (x, y) in enumerate(loader(size=1)):
            yield (x * float("nan") if place == 20 else x), y

    with changed(change("find-learning-rate", steps=60)) as kept:
        loop = Loop(network())
        loop.epoch(poisoned())
    assert kept.facts["plan"]["without_effect"] == {}
    assert all(p.isfinite().all() for p in loop.net.parameters())


def test_no_rate_is_found_for_several_optimizers():
    one = change("find-learning-rate")
    with changed(one) as kept:
        nets = network(), network()
        before = copy.deepcopy(nets)
        makers = [torch.optim.SGD(net.parameters(), lr=0.1) for net in nets]
        x, y = rows()
        for net, optimizer in zip(nets, makers, strict=True):
            F.mse_loss(net(x), y).backward()
            optimizer.step()
    assert all(map(same, nets, before))
    why = kept.facts["plan"]["without_effect"][one.id]
    assert why == "several optimizers take steps by turns"


BY_HAND = {
    "cosine": lambda k: (1 + cos(pi * k / 16)) / 2,
    "step": lambda k: 1 if k < 8 else 0.1 if k < 12 else 0.01,
    "exponential": lambda k: 0.01 ** (k / 16),
    "piecewise": lambda k: 0.2 ** ((k >= 4.8) + (k >= 9.6) + (k >= 12.8)),
    "one-cycle": lambda k: (
        0.04 + 0.96 * (1 - cos(pi * k / 4.8)) / 2
        if k <= 4.8
        else 4e-6 + (1 - 4e-6) * (1 + cos(pi * (k - 4.8) / 11.2)) / 2
    ),
    "cyclical": lambda k: [0.1, 0.55, 1.0, 0.55][k % 4],
}


@pytest.mark.parametrize("kind", BY_HAND)
def test_rates_follow_a_schedule(kind):
    def by_hand(optimizer):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, BY_HAND[kind])

    expected = Loop(schedule=by_hand).run(4)
    with changed(change("schedule-learning-rate", kind=kind, steps=16)):
        found = Loop().run(4)
    assert found.losses == pytest.approx(expected.losses)


def test_rates_fall_on_a_plateau():
    expected, batches = Loop(lr=1.1), loader()
    best, since = float("inf"), 0
    for epoch in range(1, 13):
        expected.epoch(batches)
        expected.validate()
        if expected.losses[-1] < best:
            best, since = expected.losses[-1], epoch
        elif epoch - since >= 2:
            since = epoch
            expected.optimizer.param_groups[0]["lr"] *= 0.1
    assert expected.rates[-1] < 0.2
    one = change("schedule-learning-rate", kind="plateau", steps=8)
    with changed(one) as kept:
        found = Loop(lr=1.1).run(12)
    assert found.losses == pytest.approx(expected.losses)
    assert kept.facts["plan"]["without_effect"] == {}
    with changed(one) as kept:
        Loop().epoch(loader())
    why = kept.facts["plan"]["without_effect"][one.id]
    assert why == "no loss of validation was seen"


# -- averages ------------------------------------------------------------------------


def averaged(weight, start):
    """The same by hand: a copy of the model, which is evaluated."""
    loop, steps = Loop(), []
    net = loop.net
    copied = copy.deepcopy(net)

    def take():
        steps.append(1)
        count = len(steps) - start - 1
        if count >= 0:
            pairs = [(copied.parameters(), net.parameters())]
            pairs += [(copied.buffers(), net.buffers())]
            for kept, live in (p for mine in pairs for p in zip(*mine, strict=True)):
                if kept.is_floating_point():
                    kept.data.lerp_(live.data, weight(count) if count else 1.0)

    for _ in range(4):
        loop.epoch(loader(), take)
        loop.validate(copied if len(steps) > start else net)
    return loop


WEIGHTS = {
    "ema": lambda count: 1 - min(0.8, (1 + count) / (10 + count)),
    "swa": lambda count: 1 / (count + 1),
}


@pytest.mark.parametrize("silent", [True, False], ids=["no gradients", "eval alone"])
@pytest.mark.parametrize("start", [0, 6])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_the_average_is_evaluated_and_training_is_as_ever(kind, start, silent):
    expected = averaged(WEIGHTS[kind], start)
    one = change("average-weights", kind=kind, decay=0.8, start=start)
    with changed(one) as kept:
        found = Loop(silent=silent).run()
    assert found.losses == pytest.approx(expected.losses)
    assert found.trained == expected.trained  # to the bit
    assert kept.facts["plan"]["without_effect"] == {}


def test_an_average_that_never_begins_is_said():
    one = change("average-weights", start=1000)
    with changed(one) as kept:
        found = Loop().run()
    assert same(found.net, Loop().run().net)
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


# -- the end -------------------------------------------------------------------------


@pytest.mark.parametrize("silent", [True, False], ids=["no gradients", "eval alone"])
def test_what_was_best_is_put_back_and_stays(silent):
    bare = Loop(lr=1.1, silent=silent)
    kept, best = None, float("inf")
    for _ in range(12):
        bare.epoch(loader())
        bare.validate()
        if bare.losses[-1] < best:
            best, kept = bare.losses[-1], copy.deepcopy(bare.net.state_dict())
    place = bare.losses.index(best)
    assert place < 8, "the case is to be one that gets worse"
    with changed(change("stop-early", patience=2)) as said:
        found = Loop(lr=1.1, silent=silent).run(12)
    end = next(
        i for i in range(12) if i - bare.losses.index(min(bare.losses[: i + 1])) >= 2
    )
    assert found.losses[: end + 1] == bare.losses[: end + 1]
    first = min(bare.losses[: end + 1])
    assert found.losses[end + 1 :] == pytest.approx([first] * (11 - end))
    if first == best:
        for name, value in kept.items():
            torch.testing.assert_close(found.net.state_dict()[name], value)
    assert said.facts["plan"]["without_effect"] == {}


def test_without_an_evaluation_nothing_ends():
    one = change("stop-early", patience=1)
    with changed(one) as kept:
        found = Loop()
        for _ in range(3):
            found.epoch(loader())
    bare = Loop()
    for _ in range(3):
        bare.epoch(loader())
    assert same(found.net, bare.net)
    why = kept.facts["plan"]["without_effect"][one.id]
    assert why == "no loss of validation was seen"


def test_a_wrapped_model_is_averaged_however_it_is_called():
    class Wrapped(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module

        def forward(self, x):
            return self.module(x)

    with changed(change("average-weights", decay=0.8)):
        expected = Loop().run()
        net = normed()
        found = Loop(Wrapped(net))
        for _ in range(4):
            found.epoch(loader())
            found.validate(net)
    assert found.losses == expected.losses


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("find-learning-rate", {}),
        ("stop-early", {"patience": 1}),
        ("schedule-learning-rate", {"kind": "plateau", "steps": 1}),
    ],
)
def test_no_process_of_several_decides_for_itself(name, params, monkeypatch):
    expected = Loop(lr=0.5).run(6)
    for module in (rates, durations):
        monkeypatch.setattr(module, "together", lambda: True)
    one = change(name, **params)
    with changed(one) as kept:
        found = Loop(lr=0.5).run(6)
    assert kept.facts["plan"]["without_effect"][one.id].startswith("several processes")
    assert len(found.losses) == 6
    if name != "find-learning-rate":  # which leaves out its first step
        assert found.losses == expected.losses


# -- longer --------------------------------------------------------------------------


def test_each_epoch_is_several():
    with changed(change("train-longer", factor=3.0)) as kept:
        found = Loop().run(2)
    expected, batches = Loop(), loader()
    for _ in range(2):
        for _ in range(3):
            expected.epoch(batches)
        expected.validate()
    assert found.losses == expected.losses
    assert same(found.net, expected.net)
    assert kept.facts["plan"]["without_effect"] == {}


def test_a_part_of_an_epoch_comes_last():
    with changed(change("train-longer", factor=1.5)):
        found = Loop().run(2)
    assert len(found.trained) == 2 * 6


def test_schedules_of_batches_stretch_and_of_epochs_stay():
    def one_cycle(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=9)

    bare = Loop(schedule=one_cycle).run(2)
    with changed(change("train-longer", factor=2.0)):
        found = Loop(schedule=one_cycle).run(2)
    assert len(found.rates) == 16
    assert found.rates[::2] == pytest.approx(bare.rates)

    with changed(change("train-longer", factor=2.0)):
        loop = Loop()
        plan = torch.optim.lr_scheduler.StepLR(loop.optimizer, 1, gamma=0.5)
        for _ in range(3):
            loop.epoch(loader())
            plan.step()
    assert loop.rates == [0.1] * 8 + [0.05] * 8 + [0.025] * 8


def test_what_only_evaluates_is_seen_once():
    with changed(change("train-longer")) as kept:
        assert len(list(loader())) == 4
        Loop(network()).epoch([rows()])
    assert len(kept.facts["plan"]["without_effect"]) == 1
