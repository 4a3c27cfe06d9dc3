"""Changes of what holds a fit back, of modes and of what is trained at all."""

import pytest
import torch
from torch import nn

from tests.taps.test_changes import changed
from tests.taps.test_edits import change, network, rows, same

F = nn.functional


class Net(nn.Module):
    def __init__(self, drop):
        super().__init__()
        torch.manual_seed(0)
        self.turn = nn.GRU(4, 8, num_layers=2, dropout=drop, batch_first=True)
        self.look = nn.MultiheadAttention(8, 2, dropout=drop, batch_first=True)
        self.drop, self.norm = nn.Dropout(drop), nn.BatchNorm1d(8)
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        passed = self.turn(x)[0]
        passed = self.look(passed, passed, passed)[0].mean(1)
        return self.last(self.norm(self.drop(passed)))


def trained(drop, decay, smooth, make=torch.optim.SGD):
    net = Net(drop)
    optimizer = make(net.parameters(), lr=0.1, weight_decay=decay)
    x, y = torch.randn(16, 5, 4), torch.randint(3, (16,))
    held = []
    for _ in range(4):
        optimizer.zero_grad()
        nn.CrossEntropyLoss(label_smoothing=smooth)(net(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            held.append(F.cross_entropy(net.eval()(x), y, None, label_smoothing=0.2))
        net.train()
    return net, torch.stack(held), optimizer.param_groups[0]["weight_decay"]


@pytest.mark.parametrize(
    ("drop", "decay", "smooth"),
    [(0.4, 0, 0), (0, 0.5, 0), (0, 0, 0.6), (0.4, 0.5, 0.6)],
)
def test_what_holds_back_is_relaxed(drop, decay, smooth):
    expected, held, _ = trained(drop / 4, decay / 4, smooth / 4)
    with changed(change("relax-regularization", factor=0.25)) as kept:
        found, losses, own = trained(drop, decay, smooth)
    assert same(found, expected)
    assert torch.equal(losses, held)  # evaluations smooth as the script does
    assert own == decay
    assert kept.facts["plan"]["without_effect"] == {}


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("what", ["norm", "value"])
def test_gradients_are_clipped_less(what, by_name):
    def clipped(limit):
        net = network()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        clip = getattr(nn.utils, f"clip_grad_{what}_")
        for _ in range(3):
            optimizer.zero_grad()
            net(torch.ones(4, 4)).square().sum().backward()
            if by_name:
                name = "max_norm" if what == "norm" else "clip_value"
                clip(net.parameters(), **{name: limit})
            else:
                clip(net.parameters(), limit)
            optimizer.step()
        return net

    with changed(change("relax-regularization", factor=0.25)) as kept:
        found = clipped(0.001)
    assert same(found, clipped(0.004))
    assert not same(found, clipped(0.001))
    assert kept.facts["plan"]["without_effect"] == {}


def test_where_nothing_holds_back_that_is_said():
    one = change("relax-regularization")
    with changed(one) as kept:
        trained(0, 0, 0)
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_batches_count_less_in_the_statistics():
    def run(momentum=None, each=0.1):
        net = Net(0.0)
        net.norm.momentum = each
        if momentum:
            net.norm.momentum = momentum
        for seed in range(3):
            torch.manual_seed(seed)
            net(torch.randn(16, 5, 4)).sum().backward()
        return net.norm.running_mean

    expected = run(momentum=0.02)
    with changed(change("steady-batchnorm", momentum=0.02)):
        assert torch.equal(run(), expected)
        assert torch.equal(run(each=None), run(each=None))
        steady = run(each=0.01)
    assert torch.equal(steady, run(momentum=0.01))  # it is already


# -- modes ---------------------------------------------------------------------------


def dropping():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 1)
    )


def looped(*, begin, train, evaluate):
    """Losses of validation where the modes are those that the script sets, or none."""
    net, (x, y) = dropping(), rows()
    optimizer, found = torch.optim.SGD(net.parameters(), lr=0.1), []
    if begin is not None:
        net.train(begin)
    for _ in range(3):
        if train is not None:
            net.train(train)
        for part in range(0, 32, 8):
            optimizer.zero_grad()
            F.mse_loss(net(x[part : part + 8]), y[part : part + 8]).backward()
            optimizer.step()
        if evaluate is not None:
            net.train(evaluate)
        with torch.no_grad():
            found.append(F.mse_loss(net(x), y).item())
    return net, found


def test_evaluations_are_made_in_their_mode():
    expected, held = looped(begin=None, train=True, evaluate=False)
    one = change("fix-modes")
    with changed(one) as kept:
        found, losses = looped(begin=None, train=None, evaluate=None)
    assert losses == held
    assert same(found, expected)
    assert kept.facts["plan"]["without_effect"] == {}
    with changed(one) as kept:
        again, losses = looped(begin=None, train=True, evaluate=False)
    assert losses == held
    assert same(again, expected)
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_training_is_in_its_mode_from_its_second_step_on():
    with changed(change("fix-modes")) as kept:
        found, _ = looped(begin=False, train=None, evaluate=False)
    net, (x, y) = dropping(), rows()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(12):
        part = step % 4 * 8
        net.train(step > 0)
        optimizer.zero_grad()
        F.mse_loss(net(x[part : part + 8]), y[part : part + 8]).backward()
        optimizer.step()
    assert same(found, net)
    assert kept.facts["plan"]["without_effect"] == {}


def test_norms_that_are_held_fixed_stay_so():
    net, (x, _) = dropping(), rows()
    net.train()
    net[1].eval()
    with changed(change("fix-modes")):
        with torch.no_grad():
            net(x)
        assert not net.training
        net(x).sum().backward()
    assert net.training
    assert not net[1].training


# -- what is trained -----------------------------------------------------------------


def tuned(*, frozen, left=0, groups=False):
    net, (x, y) = network(), rows()
    for parameter in [*net.parameters()][:frozen]:
        parameter.requires_grad_(False)
    chosen = [p for p in net.parameters() if p.requires_grad][left:]
    if groups:
        chosen = [{"params": chosen}]
    optimizer = torch.optim.SGD(chosen, lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        F.mse_loss(net(x), y).backward()
        optimizer.step()
    return net


@pytest.mark.parametrize("groups", [True, False])
@pytest.mark.parametrize(("frozen", "left"), [(2, 0), (0, 2), (2, 1)])
def test_all_of_a_model_is_trained(frozen, left, groups):
    expected = tuned(frozen=0)
    with changed(change("unfreeze-parameters")) as kept:
        found = tuned(frozen=frozen, left=left, groups=groups)
    assert same(found, expected)
    assert kept.facts["plan"]["without_effect"] == {}


def test_what_another_optimizer_trains_is_left_to_it():
    def run():
        net, (x, y) = network(), rows()
        parts = torch.optim.SGD(net[:2].parameters(), lr=0.1)
        rest = torch.optim.SGD(net[2:].parameters(), lr=0.3)
        for _ in range(5):
            for one in (parts, rest):
                one.zero_grad()
            F.mse_loss(net(x), y).backward()
            for one in (parts, rest):
                one.step()
        return net

    one = change("unfreeze-parameters")
    with changed(one) as kept:
        found = run()
    assert same(found, run())
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]
