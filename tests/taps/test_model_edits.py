"""What is added to a model of an unmodified script, beside the same by hand."""

import copy

import pytest
import torch
from torch import nn

from tests.taps.test_changes import changed
from tests.taps.test_edits import STEPS, change, network, rows, trained
from wellfit.core.finding import Finding, Severity
from wellfit.core.run import Run
from wellfit.remedies.plans import acts

F = nn.functional
FINDING = Finding(
    rule="overfitting", severity=Severity.WARNING, confidence=1.0, summary="1"
)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_share_of_the_activations_is_dropped_in_training_alone(share):
    x = rows(count=400)[0]
    net, bare = network(), network()
    with changed(change("add-dropout", share=share)):
        net(x)
        active, whole = net[1](net[0](x)), bare[1](bare[0](x))
        net.eval()
        assert torch.equal(net(x), bare.eval()(x))
        net.train()
        with torch.no_grad():
            assert torch.equal(net(x), bare(x))
    gone = active == 0
    assert gone.float().mean().item() == pytest.approx(share, abs=0.03)
    torch.testing.assert_close(active[~gone], whole[~gone] / (1 - share))
    assert not (net.train()(x) == 0).any()  # the output stays whole


class Written(nn.Module):
    """The network with dropout, as a person writes it, by masks that are given."""

    def __init__(self, net, masks):
        super().__init__()
        self.net, self.masks = net, iter(masks)

    def forward(self, x):
        one, act, two, act2, three = self.net
        x = act(one(x)) * next(self.masks) / 0.5
        return three(act2(two(x)) * next(self.masks) / 0.5)


def test_dropout_trains_as_it_does_by_hand():
    masks = []
    with changed(change("add-dropout", share=0.5)):
        net = network()
        net(rows()[0])  # edited now: hooks that come after are behind the dropout
        for place in (1, 3):
            net[place].register_forward_hook(
                lambda m, args, out: masks.append((out != 0).float())
            )
        _, losses = trained(net)
    assert len(masks) == 2 * STEPS
    _, expected = trained(Written(network(), masks))
    assert losses == pytest.approx(expected, rel=1e-5)


def test_the_numbers_of_a_script_stay_the_same():
    with changed(change("add-dropout", share=0.5)):
        torch.manual_seed(5)
        net = network()
        torch.manual_seed(7)
        net(rows()[0])
        drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = (
            nn.Linear(4, 8),
            nn.Linear(8, 8),
            nn.Linear(8, 1),
        )

    def forward(self, x):
        return self.three(F.relu(self.two(F.relu(self.one(x)))))


def test_where_activations_are_functions_it_is_before_dense_layers():
    net = Functional()
    seen = []
    with changed(change("add-dropout", share=0.5)) as kept:
        net(rows()[0])
        for layer in (net.one, net.two, net.three):
            layer.register_forward_pre_hook(lambda m, args: seen.append(args[0]))
        x = torch.ones(64, 4)
        net(x)
        torch.optim.SGD(net.parameters(), 0.1).step()
    assert torch.equal(seen[0], x)
    assert all((one == 0).float().mean() > 0.4 for one in seen[1:])
    assert kept.facts["plan"]["without_effect"] == {}


@pytest.mark.parametrize(
    ("name", "net"),
    [
        ("add-dropout", nn.Linear(4, 1)),
        ("add-dropout", nn.Sequential(nn.Linear(4, 4), nn.Dropout(), nn.Linear(4, 1))),
        ("add-skips", nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))),
        ("add-skips", Functional()),
    ],
)
def test_where_there_is_no_place_for_it_it_says_so(name, net):
    one = acts()[name]().change
    before = copy.deepcopy(net)
    with changed(one) as kept:
        torch.manual_seed(0)
        _, found = trained(net)
    torch.manual_seed(0)
    assert trained(before)[1] == found
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_dropout_is_proposed_where_there_is_none():
    def proposed(**dropout):
        layers = [{"name": "0", "kind": "Linear"}, {"name": "1"} | dropout]
        run = Run.of(facts={"model": {"layers": layers}})
        return [one.share for one in acts()["add-dropout"].proposals(run, FINDING)]

    assert proposed() == [0.2, 0.5]
    assert proposed(dropout=0.1) == []


def deep():
    torch.manual_seed(0)
    middle = [
        m for _ in range(3) for m in (nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Sigmoid())
    ]
    return nn.Sequential(nn.Linear(4, 8), nn.Sigmoid(), *middle, nn.Linear(8, 1))


class Residual(nn.Module):
    """The same with skips, as a person writes it."""

    def __init__(self):
        super().__init__()
        self.net = deep()

    def forward(self, x):
        x = self.net[:2](x)
        for start in (2, 5, 8):
            x = x + self.net[start : start + 3](x)
        return self.net[11](x)


def test_skips_are_those_written_by_hand():
    _, expected = trained(Residual())
    with changed(change("add-skips")) as kept:
        net, found = trained(deep())
    assert found == pytest.approx(expected, rel=1e-6)
    assert found != pytest.approx(trained(deep())[1], rel=1e-3)
    assert kept.facts["plan"]["without_effect"] == {}
    again = copy.deepcopy(net).eval()
    assert torch.equal(again(rows()[0]), net.eval()(rows()[0]))


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x


def test_layers_of_a_list_are_skipped_but_for_the_last():
    torch.manual_seed(0)
    net, x = Listed(), rows()[0]
    one, two, three = net.layers
    first = torch.tanh(one(x) + x)
    expected = torch.tanh(three(torch.tanh(two(first) + first)))
    with changed(change("add-skips")):
        assert torch.equal(net(x), expected)


def test_convolutions_that_keep_the_shape_are_skipped():
    torch.manual_seed(0)
    same = nn.Conv2d(3, 3, 3, padding=1)
    wide = nn.Conv2d(3, 3, 3, padding=2)
    strided = nn.Conv2d(3, 3, 3, padding=1, stride=2)
    net = nn.Sequential(
        same, nn.ReLU(), nn.MaxPool2d(2), wide, strided, nn.Flatten(), nn.LazyLinear(1)
    )
    x = torch.randn(2, 3, 8, 8)
    net(x)
    skipped = same(x).relu() + x
    expected = net[2:](skipped)
    with changed(change("add-skips")):
        assert torch.equal(net(x), expected)
