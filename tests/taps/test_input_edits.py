"""What enters a model, changed at its door, beside the same written by hand."""

import copy
import io

import pytest
import torch
from torch import nn

from tests.taps.test_changes import changed
from tests.taps.test_edits import change, network, rows, trained
from wellfit.core.finding import Finding, Severity
from wellfit.core.run import Run
from wellfit.remedies.plans import acts

F = nn.functional
NAN = float("nan")
FINDING = Finding(
    rule="overfitting", severity=Severity.WARNING, confidence=1.0, summary="1"
)
KINDS = [
    change("augment-inputs", kind="noise", amount=0.1),
    change("augment-inputs", kind="shifts", amount=0.2),
    change("augment-inputs", kind="flips", amount=0.1),
    change("augment-inputs", kind="crops", amount=0.3),
]


def entering(net):
    """What comes to the model itself, from now on."""
    seen = []
    net.register_forward_pre_hook(lambda m, args: seen.append(args[0].detach()))
    return seen


class Through(nn.Module):
    """A model that gives what it is given, and has something to train."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x, *more):
        return x + self.weight


def stepped(net):
    torch.optim.SGD(net.parameters(), 0.0).step()


def gaps():
    x = rows()[0].clone()
    x[::5, 0], x[3, 1], x[4, 1], x[:, 3] = NAN, float("inf"), -float("inf"), NAN
    return x


def test_gaps_are_filled_by_the_medians_of_training_rows():
    x, (_, y) = gaps(), rows()
    finite = x.masked_fill(~x.isfinite(), NAN)
    medians = finite.nanquantile(0.5, dim=0).nan_to_num(0.0)
    filled = torch.where(x.isfinite(), x, medians)
    _, expected = trained(network(), data=(filled, y))
    with changed(change("impute-missing")) as kept:
        net, found = trained(network(), data=(x, y))
    assert found == pytest.approx(expected, rel=1e-5)
    assert kept.facts["plan"]["without_effect"] == {}
    net.eval()
    held = torch.full((3, 4), NAN)
    with torch.no_grad():
        torch.testing.assert_close(net(held), net(medians.expand(3, 4)))


def test_inputs_are_limited_to_where_training_rows_lie():
    x = rows()[0].clone()
    x[0, 0], x[1, 1] = 1e6, -1e6
    x[:, 2] = 0.0
    x[5, 2] = 1.0  # a rare mark
    ends = torch.tensor([0.05, 0.95])
    low, high = x.quantile(ends, dim=0)
    limited = x.clamp(low, high)
    limited[:, 2] = x[:, 2]
    net = Through()
    with changed(change("clip-outliers", share=0.05)) as kept:
        torch.testing.assert_close(net(x), limited)
        net.eval()
        far = torch.full((2, 4), 1e9)
        assert torch.equal(net(far)[0, :2], high[:2])
        assert net(far)[0, 2] == 1e9
        stepped(net)
    assert kept.facts["plan"]["without_effect"] == {}


def test_quantiles_are_of_many_batches():
    net = Through()
    with changed(change("clip-outliers", share=0.01)):
        for part in torch.linspace(0, 1, 6400)[torch.randperm(6400)].view(100, 64, 1):
            net(part.expand(64, 2))
        net.eval()
        ends = net(torch.tensor([[-9.0, 9.0]]))[0].tolist()
    assert ends == pytest.approx([0.01, 0.99], abs=0.005)


@pytest.mark.parametrize("one", KINDS, ids=str)
def test_only_what_is_trained_on_is_varied_and_the_scripts_numbers_stay(one):
    x = torch.rand(5, 3, 8, 8)
    net = Through()
    with changed(one) as kept:
        torch.manual_seed(1)
        first, second = net(x).detach(), net(x).detach()
        drawn = torch.rand(3)
        with torch.no_grad():
            assert torch.equal(net(x), x)
        assert torch.equal(net.eval()(x), x)
        stepped(net)
    torch.manual_seed(1)
    assert torch.equal(drawn, torch.rand(3))
    assert not torch.equal(first, x)
    assert not torch.equal(first, second)
    assert kept.facts["plan"]["without_effect"] == {}
    with changed(one):
        torch.manual_seed(1)
        assert torch.equal(Through()(x), first)  # the same run again
        torch.manual_seed(2)
        assert not torch.equal(Through()(x), first)


@pytest.mark.parametrize("one", KINDS[1:], ids=str)
def test_images_alone_have_sides(one):
    with changed(one) as kept:
        net, x = Through(), rows()[0]
        assert torch.equal(net(x), x)
        stepped(net)
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_noise_is_as_wide_as_it_is_told():
    x = torch.randn(4000, 2) * torch.tensor([1.0, 50.0])
    with changed(change("augment-inputs", kind="noise", amount=0.1)):
        noise = (Through()(x) - x).detach()
    assert noise.std(0).tolist() == pytest.approx([0.1, 5.0], rel=0.1)


def test_flips_are_of_half_the_rows():
    x = torch.rand(200, 1, 2, 3)
    with changed(KINDS[2]):
        found = Through()(x).detach()
    turned = [torch.equal(a, b.flip(2)) for a, b in zip(found, x, strict=True)]
    stayed = [torch.equal(a, b) for a, b in zip(found, x, strict=True)]
    assert all(a != b for a, b in zip(turned, stayed, strict=True))
    assert 70 < sum(turned) < 130


def test_shifts_move_images_as_wholes():
    x = torch.arange(100.0).view(1, 1, 10, 10).expand(50, 2, 10, 10)
    padded = F.pad(x, (2, 2, 2, 2), mode="reflect")
    with changed(KINDS[1]):
        found = Through()(x).detach()
    ways = [
        (down, across)
        for one in found
        for down in range(5)
        for across in range(5)
        if torch.equal(one, padded[0, :, down : down + 10, across : across + 10])
    ]
    assert len(ways) == 50
    assert len({*ways}) > 10


def test_crops_show_a_part_made_larger():
    slope = torch.linspace(0, 1, 32).expand(40, 1, 32, 32)
    with changed(KINDS[3]):
        found = Through()(slope).detach()
    assert found.shape == slope.shape
    steps = found[..., 16] - found[..., 15]  # of a slope that was 1 / 31 a pixel
    share = (steps * 31)[:, 0, 0]
    assert share.min() >= 0.7 - 1e-3
    assert share.max() <= 1 + 1e-3
    assert share.std() > 0.03


class Classes(nn.Module):
    """Some images or rows, told apart."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))

    def forward(self, x):
        return self.net(x)


def steps(x, y):
    """The losses of some steps, and what entered the model."""
    net = Classes()
    net(x[:1])
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    losses, seen = [], entering(net.net)
    for _ in range(4):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, seen


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_rows_are_mixed_and_so_are_their_targets(kind):
    """A row's channels say which row it is: of a mixture, what it is mixed of."""
    x = torch.eye(40).view(40, 40, 1, 1).repeat(1, 1, 6, 6)
    y = torch.arange(40) % 3
    with changed(change("mix-inputs", kind=kind, alpha=1.0)) as kept:
        losses, seen = steps(x, y)
    assert kept.facts["plan"]["without_effect"] == {}
    assert torch.equal(seen[0], x)  # from it was seen what comes to the loss
    assert len({round(float(one.mean((2, 3)).diag().min()), 4) for one in seen}) > 2
    net = Classes()
    net(x[:1])
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for one, found in zip(seen, losses, strict=True):
        optimizer.zero_grad()
        targets = one.mean((2, 3)) @ F.one_hot(y, 3).float()
        expected = F.cross_entropy(net(one), targets)
        expected.backward()
        optimizer.step()
        assert found == pytest.approx(expected.item(), rel=1e-4)


def test_evaluations_and_other_losses_are_not_mixed():
    x, y = torch.randn(8, 4), torch.arange(8) % 3
    net = Classes()
    net(x[:1])
    one = change("mix-inputs", kind="mixup", alpha=1.0)
    with changed(one):
        nn.CrossEntropyLoss()(net(x), y)
        mixed = net(x)
        assert not torch.equal(mixed, net.net(x))
        nn.CrossEntropyLoss()(mixed, y)
        net.eval()
        expected = torch.nn.functional.log_softmax(net.net(x), 1)
        held = nn.CrossEntropyLoss()(net(x), y)  # a script that forgot `no_grad`
        assert held.item() == pytest.approx(
            -expected[torch.arange(8), y].mean().item(), rel=1e-6
        )


def test_where_it_is_not_known_whose_loss_it_is_nothing_is_mixed():
    one = change("mix-inputs", kind="mixup", alpha=1.0)
    x, y = rows()
    net = Classes()
    net(x[:1])
    with changed(one):
        for _ in range(3):
            first, second = net(x), net(x + 1)
            assert torch.equal(first, net.net(x))
            (F.mse_loss(first.mean(1), y[:, 0]) * second.sum()).backward()
            by_hand = ((net(x).mean(1) - y[:, 0]) ** 2).mean()
            by_hand.backward()
            stepped(net)
    with changed(one) as kept:
        (Classes()(x).mean(1) - y[:, 0]).square().mean().backward()
        stepped(net)
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_a_changed_model_can_be_copied_and_saved():
    x = torch.rand(6, 3, 8, 8)
    plan = [*KINDS, change("impute-missing"), change("clip-outliers")]
    plan += [change("mix-inputs"), change("standardize-inputs")]
    net = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 1, 3))
    with changed(*plan, change("add-dropout"), change("add-skips")):
        net(x).sum().backward()
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    saved = torch.load(file, weights_only=False).eval()
    expected = net.eval()(x)
    assert torch.equal(copy.deepcopy(net)(x), expected)
    assert torch.equal(saved(x), expected)


@pytest.mark.parametrize(
    ("name", "inputs", "found"),
    [
        ("augment-inputs", {"shape": [8], "dtype": "float32"}, ["noise", "noise"]),
        (
            "augment-inputs",
            {"shape": [3, 8, 8], "dtype": "float32"},
            ["shifts", "flips", "crops"],
        ),
        ("augment-inputs", {"shape": [8], "dtype": "int64"}, []),
        ("augment-inputs", {}, []),
        ("mix-inputs", {"shape": [8], "dtype": "float32"}, ["mixup"]),
        ("mix-inputs", {"shape": [3, 8, 8], "dtype": "float32"}, ["mixup", "cutmix"]),
        ("impute-missing", {"nonfinite": 0.0}, []),
        ("impute-missing", {"nonfinite": 0.1}, [None]),
        ("clip-outliers", {}, [None, None]),
    ],
)
def test_what_is_proposed_fits_the_inputs(name, inputs, found):
    proposed = acts()[name].proposals(Run.of(facts={"inputs": inputs}), FINDING)
    assert [getattr(one, "kind", None) for one in proposed] == found
