"""What a change makes of a training, beside the same training written by hand."""

import copy

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.taps.test_changes import changed
from wellfit.core.plan import Change
from wellfit.remedies.plans import acts

F = nn.functional
STEPS = 12


def change(name, **params):
    return Change(change=name, params=params)


def rows(seed=0, count=32, columns=4):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, columns, generator=generator)
    return x, (x[:, :1] * 2 - x[:, 1:2]).sin()


def network(activation=nn.Tanh):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 8), activation(), nn.Linear(8, 8), activation(), nn.Linear(8, 1)
    )


def trained(net, *, optimizer=None, zero=True, edit=None, data=None):
    """The weights after some steps; `edit` is called before each of them."""
    x, y = data or rows()
    optimizer = optimizer or torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for step in range(STEPS):
        if zero:
            optimizer.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        if edit:
            edit(step, optimizer)
        optimizer.step()
        losses.append(loss.item())
    return net, losses


def same(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_momentum_is_that_of_pytorch():
    net = network()
    own = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    expected, _ = trained(net, optimizer=own)
    with changed(change("add-momentum", momentum=0.9)) as kept:
        found, _ = trained(network())
    assert same(found, expected)
    assert kept.facts["plan"]["without_effect"] == {}


def test_momentum_that_is_there_stays():
    one = change("add-momentum", momentum=0.5)
    with changed(one) as kept:
        net = network()
        found, _ = trained(net, optimizer=torch.optim.Adam(net.parameters()))
    net = network()
    expected, _ = trained(net, optimizer=torch.optim.Adam(net.parameters()))
    assert same(found, expected)
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("warm-up", lambda step: min(1.0, (step + 1) / 8)),
        (
            "schedule-learning-rate",
            lambda step: (1 + torch.cos(torch.tensor(torch.pi * min(1, step / 8)))) / 2,
        ),
    ],
)
def test_rates_follow_a_shape(name, factor):
    def by_hand(step, optimizer):
        optimizer.param_groups[0]["lr"] = 0.1 * float(factor(step))

    expected, _ = trained(network(), edit=by_hand)
    with changed(change(name, steps=8)):
        found, _ = trained(network())
    for one, other in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_weights_decay_as_adamw_has_them():
    def made(decay):
        net = network()
        groups = [
            {"params": [p for p in net.parameters() if p.ndim > 1]},
            {"params": [p for p in net.parameters() if p.ndim < 2], "weight_decay": 0},
        ]
        return net, torch.optim.AdamW(groups, lr=0.01, weight_decay=decay)

    net, optimizer = made(0.3)
    expected, _ = trained(net, optimizer=optimizer)
    net, optimizer = made(0.0)
    with changed(change("penalize-weights", decay=0.3)):
        found, _ = trained(net, optimizer=optimizer)
    for one, other in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_that_were_never_cleared_are():
    expected, _ = trained(network())
    with changed(change("zero-gradients")):
        found, _ = trained(network(), zero=False)
    assert same(found, expected)
    assert not same(trained(network(), zero=False)[0], expected)


@pytest.mark.parametrize("kind", [nn.Sigmoid, nn.Tanh])
def test_activations_between_layers_are_swapped(kind):
    expected, _ = trained(network(nn.ReLU))
    with changed(change("swap-activations", to="relu")):
        found, _ = trained(network(kind))
    assert same(found, expected)
    assert [type(m) for m in found][1::2] == [nn.ReLU, nn.ReLU]


def test_an_activation_at_the_output_stays():
    one = change("swap-activations", to="relu")
    with changed(one) as kept:
        net = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
        trained(net)
    assert isinstance(net[1], nn.Sigmoid)
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_weights_are_drawn_anew_and_nothing_else_is():
    with changed(change("reinitialize", scheme="he")):
        net = network()
        net(rows()[0])
        drawn = torch.rand(3)
    bare = network()
    bare(rows()[0])
    assert torch.equal(drawn, torch.rand(3))  # the script's own numbers go on as ever
    weights = net[2].weight
    assert not torch.equal(weights, bare[2].weight)
    assert weights.std().item() == pytest.approx((2 / 8) ** 0.5, rel=0.25)
    assert not net[2].bias.any()


@pytest.mark.parametrize("scheme", ["he", "xavier", "orthogonal"])
def test_any_layer_can_be_drawn_anew(scheme):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(2, 4, 3)
            self.norm = nn.BatchNorm1d(4)
            self.turn = nn.LSTM(4, 5, batch_first=True)

        def forward(self, x):
            return self.turn(self.norm(self.conv(x)).movedim(1, 2))[0].sum()

    torch.manual_seed(0)
    net = Net()
    before = copy.deepcopy(net.state_dict())
    with changed(change("reinitialize", scheme=scheme)):
        net(torch.randn(3, 2, 9)).backward()
    moved = {n for n, v in net.state_dict().items() if not torch.equal(v, before[n])}
    assert {"conv.weight", "turn.weight_ih_l0", "turn.weight_hh_l0"} <= moved


class Normed(nn.Module):
    """The network with normalisation, as a person writes it."""

    def __init__(self, norm):
        super().__init__()
        net = network()
        self.layers, self.norms = net, nn.ModuleList([norm(8), norm(8)])

    def forward(self, x):
        first, act, second, act2, last = self.layers
        one, two = self.norms
        return last(act2(two(second(act(one(first(x)))))))


@pytest.mark.parametrize(
    ("kind", "norm"), [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm)]
)
def test_normalisation_is_inserted_and_trained(kind, norm):
    _, expected = trained(Normed(norm))
    with changed(change("insert-normalization", kind=kind)):
        net, found = trained(network())
    assert found == pytest.approx(expected, rel=1e-5)
    assert isinstance(net[0].normalization, norm)
    assert not torch.equal(net[0].normalization.weight, torch.ones(8))
    assert net[0].weight.shape == (8, 4)  # the layer itself is where it was
    net.eval()
    again = copy.deepcopy(net)
    assert torch.equal(again(rows()[0]), net(rows()[0]))


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_convolutions_and_single_rows_are_normalised_too(kind):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 1))
    tokens = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    with changed(change("insert-normalization", kind=kind)):
        net(torch.randn(6, 1, 4, 4)).sum().backward()
        tokens(torch.randn(2, 5, 3)).sum().backward()
        tokens(torch.randn(1, 3)).sum().backward()
    normed = net[0].normalization(torch.randn(6, 4, 2, 2))
    assert abs(normed.mean().item()) < 1e-5


def test_where_there_are_norms_none_is_inserted():
    one = change("insert-normalization", kind="batch")
    with changed(one) as kept:
        trained(Normed(nn.LayerNorm))
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_inputs_are_standardised_by_training_rows():
    x, y = rows()
    wide = x * torch.tensor([1.0, 1000.0, 0.01, 1.0]) + torch.tensor([0.0, 5e3, 0, 1])
    wide[:, 3] = 7.0  # it never changes
    scaled = (wide - wide.mean(0)) / wide.std(0, correction=0)
    scaled[:, 3] = 0.0
    _, expected = trained(network(), data=(scaled, y))
    with changed(change("standardize-inputs")):
        net, found = trained(network(), data=(wide, y))
    assert found == pytest.approx(expected, rel=1e-3)
    net.eval()
    with torch.no_grad():
        held = net(wide[:5] * 2)
        assert torch.equal(held, net(wide[:5] * 2))  # validation rows fit nothing


def test_tokens_stay_as_they_are():
    net = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(8, 1))
    tokens = torch.randint(9, (6, 2))
    expected = net(tokens)
    with changed(change("standardize-inputs")):
        assert torch.equal(net(tokens), expected)


def orders(loader):
    return [torch.cat([batch[0] for batch in loader]).tolist() for _ in range(2)]


def test_batches_are_shuffled_where_it_is_trained():
    loader = DataLoader(TensorDataset(torch.arange(30)), batch_size=4)
    one = change("shuffle-batches")
    with changed(one):
        with torch.no_grad():
            assert orders(loader) == [[*range(30)]] * 2
        first, second = orders(loader)
    assert sorted(first) == [*range(30)]
    assert first != second


CASES = {
    "cross_entropy": (
        "probabilities",
        lambda z, y: F.cross_entropy(z.softmax(1), y),
        F.cross_entropy,
    ),
    "nll_loss of probabilities": (
        "probabilities",
        lambda z, y: F.nll_loss(z.softmax(1), y),
        F.cross_entropy,
    ),
    "nll_loss of scores": ("scores", F.nll_loss, F.cross_entropy),
}


@pytest.mark.parametrize("name", CASES)
def test_losses_get_what_they_are_made_for(name):
    given, wrong, right = CASES[name]
    z, y = torch.randn(6, 3), torch.randint(3, (6,))
    expected = right(z, y)
    assert not torch.isclose(_now(wrong, z, y), expected)
    with changed(change("fix-output-loss", given=given)):
        torch.testing.assert_close(_now(wrong, z, y), expected)


def _now(loss, z, y):
    """The loss as it is patched at this moment."""
    named = getattr(nn.functional, loss.__name__, loss)
    return named(z, y)


def test_outputs_that_would_be_broadcast_are_not():
    z, y = torch.randn(6, 1), torch.randn(6)
    expected = F.mse_loss(z[:, 0], y)
    with changed(change("fix-output-loss", given="broadcast")):
        torch.testing.assert_close(nn.MSELoss()(z, y), expected)


@pytest.mark.parametrize("name", acts())
def test_every_change_leaves_nothing_behind_and_comes_twice_as_once(name):
    one = acts()[name]().change
    before, _ = trained(network())
    with changed(one):
        once, losses = trained(network())
    with changed(one, one):
        twice, again = trained(network())
    assert losses == again
    assert same(once, twice)
    assert same(trained(network())[0], before)
