"""Changes of the optimizer, beside the same training written by hand."""

import copy

import pytest
import torch
from torch import nn

from tests.taps.test_changes import changed
from tests.taps.test_edits import change, network, rows, same, trained

KINDS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.0),
    "adam": lambda p: torch.optim.Adam(p, lr=0.02),
    "sgd-momentum": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.02),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.02),
}
OWN = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.5),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.5, momentum=0.9, nesterov=True),
    "adadelta": lambda p: torch.optim.Adadelta(p, lr=1.0),
}
ALIKE = ("nesterov", "sgd-momentum")


def by(make, **options):
    net = network()
    return trained(net, optimizer=make(net.parameters()), **options)[0]


def close(one, other):
    for mine, yours in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, yours)


PAIRS = [(own, to) for own in OWN for to in KINDS if (own, to) != ALIKE]


@pytest.mark.parametrize(("own", "to"), PAIRS)
def test_another_optimizer_takes_the_steps(own, to):
    with changed(change("switch-optimizer", to=to, rate=0.02)) as kept:
        found = by(OWN[own])
    close(found, by(KINDS[to]))
    assert kept.facts["plan"]["without_effect"] == {}


@pytest.mark.parametrize("to", KINDS)
def test_one_of_the_kind_stays_as_it_is(to):
    one = change("switch-optimizer", to=to, rate=0.5)
    with changed(one) as kept:
        found = by(KINDS[to])
    assert same(found, by(KINDS[to]))
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


@pytest.mark.parametrize("decayed", [0.0, 0.3])
def test_the_decay_and_the_groups_of_the_script_stay(decayed):
    def groups(net, lr):
        first, *others = net.parameters()
        return [{"params": [first], "lr": lr / 4}, {"params": others}]

    net = network()
    own = torch.optim.SGD(groups(net, 0.4), lr=0.4, weight_decay=decayed)
    with changed(change("switch-optimizer", to="adamw", rate=0.02)):
        found, _ = trained(net, optimizer=own)
    net = network()
    hand = torch.optim.AdamW(groups(net, 0.02), lr=0.02, weight_decay=decayed)
    close(found, trained(net, optimizer=hand)[0])


SCHEDULES = {
    "cosine": lambda o, rate: torch.optim.lr_scheduler.CosineAnnealingLR(o, 12),
    "warm-up from nothing": lambda o, rate: torch.optim.lr_scheduler.LambdaLR(
        o, lambda k: min(1.0, k / 4)
    ),
    "one-cycle": lambda o, rate: torch.optim.lr_scheduler.OneCycleLR(
        o, rate, total_steps=20, cycle_momentum=False
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_go_on_as_they_are(schedule):
    def run(make, rate):
        net = network()
        optimizer = make(net.parameters(), lr=rate)
        plan = SCHEDULES[schedule](optimizer, rate)
        rates = []

        def step(*_):
            rates.append(plan.get_last_lr()[0] / rate)
            if len(rates) > 1:
                plan.step()

        return trained(net, optimizer=optimizer, edit=step)[0], rates

    with changed(change("switch-optimizer", to="adam", rate=0.02)):
        found, shares = run(torch.optim.SGD, 0.5)
    expected, own = run(torch.optim.Adam, 0.02)
    close(found, expected)
    assert shares == pytest.approx(own)


def test_a_closure_is_called_once_and_gives_the_loss():
    def run(make):
        net, (x, y) = network(), rows()
        optimizer, losses = make(net.parameters()), []

        def closure():
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(x), y)
            loss.backward()
            losses.append(loss.item())
            return loss

        given = [optimizer.step(closure).item() for _ in range(8)]
        return net, losses, given

    with changed(change("switch-optimizer", to="adam", rate=0.02)):
        found, losses, given = run(OWN["sgd"])
        lbfgs, looked, _ = run(lambda p: torch.optim.LBFGS(p, lr=0.5))
    expected, own, _ = run(KINDS["adam"])
    close(found, expected)
    close(lbfgs, expected)
    assert losses == given == looked == pytest.approx(own)


def test_gradients_of_a_closure_are_clipped():
    def run(norm=None):
        net, (x, y) = network(), rows()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.5)

        def closure():
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(x), y)
            loss.backward()
            if norm:
                nn.utils.clip_grad_norm_(net.parameters(), norm)
            return loss

        for _ in range(8):
            optimizer.step(closure)
        return net

    with changed(change("clip-gradients", norm=0.05)):
        found = run()
    assert same(found, run(norm=0.05))


def test_a_checkpoint_has_the_state_of_the_one_that_steps():
    def run(make, saved=None):
        net = network()
        optimizer = make(net.parameters())
        if saved:
            net.load_state_dict(saved[0])
            optimizer.load_state_dict(saved[1])
        trained(net, optimizer=optimizer)
        return copy.deepcopy((net.state_dict(), optimizer.state_dict()))

    momentum = OWN["nesterov"]
    with changed(change("switch-optimizer", to="adam", rate=0.02)):
        weights, _ = run(momentum, run(momentum))
    expected, _ = run(KINDS["adam"], run(KINDS["adam"]))
    for name, value in weights.items():
        torch.testing.assert_close(value, expected[name])
    bare = run(momentum)
    with changed(change("switch-optimizer", to="adam", rate=0.02)):
        run(momentum, bare)  # what is another's state is begun anew


@pytest.mark.parametrize("fused", [False, True])
def test_a_scaler_takes_its_scale_away_first(fused):
    def run(make):
        net, (x, y) = network(), rows()
        optimizer = make(net.parameters())
        scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
        for _ in range(8):
            optimizer.zero_grad()
            scaler.scale(nn.functional.mse_loss(net(x), y)).backward()
            scaler.step(optimizer)
            scaler.update()
        return net

    with changed(change("switch-optimizer", to="adam", rate=0.02)):
        found = run(lambda p: torch.optim.SGD(p, lr=0.5, fused=fused))
    close(found, run(KINDS["adam"]))
