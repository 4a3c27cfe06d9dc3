"""Losses that are edited where they are trained by, beside the same by hand."""

import pytest
import torch
from torch import nn

from tests.taps.test_changes import changed
from tests.taps.test_edits import change, rows, trained
from wellfit.core.finding import Finding, Severity
from wellfit.core.run import Run
from wellfit.remedies.plans import acts
from wellfit.taps.torch.criteria import call_of
from wellfit.taps.torch.edits import objectives
from wellfit.taps.torch.persample import by_sample

F = nn.functional
N, K = 60, 3


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def classes():
    return torch.tensor([0] * 45 + [1] * 12 + [2] * 3)[torch.arange(N) * 7 % N]


def bits(columns=None):
    y = (torch.arange(N) * 7 % N < 6).float()
    return y if columns is None else torch.stack([y, 1 - y], 1)


def made(outputs):
    return outputs.detach().clone().requires_grad_()


def both(loss, outputs, *, plan):
    """The loss and its gradient under a plan; the loss of an evaluation too."""
    given = made(outputs)
    with changed(*plan) as kept:
        value = loss(given)
        value.sum().backward()
        with torch.no_grad():
            held = loss(given)
        optimizer = torch.optim.SGD([given], 0.0)
        optimizer.step()
    assert kept.facts["plan"]["without_effect"] == {}
    assert torch.equal(held, loss(given.detach()))
    return value.detach(), given.grad


def same(loss, outputs, by_hand, *, plan):
    """Whether a loss under a plan is that which is written by hand."""
    value, gradient = both(loss, outputs, plan=plan)
    given = made(outputs)
    expected = by_hand(given)
    expected.sum().backward()
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(gradient, given.grad)
    return not torch.allclose(value, loss(given.detach()))


def balanced(power=1.0):
    """What scikit-learn calls balanced: 60 rows over 3 classes of so many."""
    weights = (N / (K * torch.tensor([45.0, 12.0, 3.0]))) ** power
    return weights / (weights[classes()].mean())


WEIGHING = change("weight-classes", power=1.0)
FOCUSING = change("focus-loss", gamma=2.0)
SMOOTHING = change("smooth-labels", amount=0.1)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("power", [1.0, 0.5])
def test_classes_are_weighted_by_their_counts(power, reduction):
    y, w = classes(), balanced(power)
    assert same(
        lambda z: F.cross_entropy(z, y, reduction=reduction),
        drawn(N, K),
        lambda z: F.cross_entropy(z, y, w, reduction=reduction),
        plan=[change("weight-classes", power=power)],
    )


def test_logarithms_and_shares_of_classes_are_weighted_too():
    y, w = classes(), balanced()
    logs = drawn(N, K).log_softmax(1)
    assert same(
        lambda z: nn.NLLLoss()(z, y),
        logs,
        lambda z: F.nll_loss(z, y, w),
        plan=[WEIGHING],
    )
    shares = F.one_hot(y, K).float()
    assert same(
        lambda z: F.cross_entropy(z, shares),
        drawn(N, K),
        lambda z: F.cross_entropy(z, shares, w),
        plan=[WEIGHING],
    )


def test_classes_are_counted_over_all_that_was_trained_on_but_what_is_ignored():
    z, y = drawn(N, K), classes()
    masked = torch.cat([y[:30], torch.full((30,), -100)])
    with changed(WEIGHING):
        F.cross_entropy(made(z[:, :]), masked)
        with torch.no_grad():
            F.cross_entropy(z, y)  # an evaluation
        found = F.cross_entropy(made(z[30:]), y[30:])
    torch.testing.assert_close(
        found.detach(), F.cross_entropy(z[30:], y[30:], balanced())
    )


@pytest.mark.parametrize(
    "name", ["binary_cross_entropy_with_logits", "binary_cross_entropy"]
)
@pytest.mark.parametrize("columns", [None, 2])
def test_rare_bits_are_weighted(name, columns):
    loss, y = getattr(F, name), bits(columns)
    z = drawn(*y.shape)
    positive = torch.tensor(9.0) if columns is None else torch.tensor([9.0, 1 / 9])
    scale = N / (N - y.sum(0) + y.sum(0) * positive)  # 1 on average
    given = z if name.endswith("logits") else z.sigmoid()
    assert same(
        lambda p: getattr(F, name)(p, y),
        given,
        lambda p: (
            loss(p, y, reduction="none") * (1 + (positive - 1) * y) * scale
        ).mean(),
        plan=[WEIGHING],
    )


def test_the_weights_of_bits_are_those_of_pytorch():
    z, y = drawn(N), bits()
    with changed(WEIGHING):
        found = nn.BCEWithLogitsLoss()(made(z), y)
    by_pytorch = F.binary_cross_entropy_with_logits(z, y, pos_weight=torch.tensor(9.0))
    torch.testing.assert_close(found.detach(), by_pytorch * N / (54 + 6 * 9))


@pytest.mark.parametrize("name", ["weight-classes", "smooth-labels"])
def test_what_the_script_does_itself_stays(name):
    z, y = drawn(N, K), classes()
    own = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2, 3]), label_smoothing=0.2)
    one = acts()[name]().change
    with changed(one) as kept:
        given = made(z)
        assert torch.equal(own(given, y).detach(), own(z, y))
        torch.optim.SGD([given], 0.1).step()
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_losses_of_samples_are_told_where_each_row_has_a_weight_of_its_own():
    z, y, w = drawn(600), torch.ones(600), torch.arange(600.0)
    value = F.binary_cross_entropy_with_logits(z, y, w)
    seen = call_of("binary_cross_entropy_with_logits", (z, y), {"weight": w}, value)
    told = by_sample(seen).told()
    each = F.binary_cross_entropy_with_logits(z, y, w, reduction="none")[::3]
    assert told["sample_loss_max"] == pytest.approx(each.max().item())


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_loss_is_focused(reduction):
    y = classes()
    y[::9] = -100

    def by_hand(z):
        shares = z.softmax(1)
        reached = shares[torch.arange(N), y.clamp_min(0)]
        each = -((1 - reached) ** 2) * reached.log() * (y >= 0)
        return {"mean": each.sum() / (y >= 0).sum(), "sum": each.sum(), "none": each}[
            reduction
        ]

    def loss(z):
        return F.cross_entropy(z, y, reduction=reduction)

    def of_logs(z):
        return F.nll_loss(z.log_softmax(1), y, reduction=reduction)

    assert same(loss, drawn(N, K), by_hand, plan=[FOCUSING])
    assert same(of_logs, drawn(N, K), by_hand, plan=[FOCUSING])


def test_the_focal_loss_of_bits_is_that_of_the_paper():
    y = bits()

    def by_hand(z):
        reached = torch.where(y > 0, z.sigmoid(), 1 - z.sigmoid())
        return -((1 - reached) ** 2 * reached.log()).mean()

    def loss(z):
        return F.binary_cross_entropy_with_logits(z, y)

    assert same(loss, drawn(N), by_hand, plan=[FOCUSING])
    assert same(
        lambda z: F.binary_cross_entropy(z.sigmoid(), y),
        drawn(N),
        by_hand,
        plan=[FOCUSING],
    )


def test_labels_are_smoothed_as_pytorch_smooths_them():
    y = classes()

    def by_hand(z):
        return F.cross_entropy(z, y, label_smoothing=0.1)

    assert same(lambda z: F.cross_entropy(z, y), drawn(N, K), by_hand, plan=[SMOOTHING])
    assert same(
        lambda z: F.nll_loss(z.log_softmax(1), y),
        drawn(N, K),
        by_hand,
        plan=[SMOOTHING],
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", objectives.BITS)
def test_bits_are_smoothed_towards_a_half(name, reduction):
    y, weight = bits(2), torch.tensor([1.0, 3.0])
    own = {"weight": weight, "reduction": reduction}
    if name.endswith("logits"):
        own["pos_weight"] = torch.tensor([2.0, 0.5])
    given = drawn(N, 2) if name.endswith("logits") else drawn(N, 2).sigmoid()
    original = getattr(F, name)
    assert same(
        lambda z: getattr(F, name)(z, y, **own),
        given,
        lambda z: original(z, y * 0.9 + 0.05, **own),
        plan=[SMOOTHING],
    )


def test_edits_of_one_loss_add_up():
    y, w = classes(), balanced()

    def by_hand(z):
        each = F.cross_entropy(z, y, w, reduction="none", label_smoothing=0.1)
        reached = z.softmax(1)[torch.arange(N), y]
        return ((1 - reached) ** 2 * each).sum() / w[y].sum()

    plan = [WEIGHING, SMOOTHING, FOCUSING]
    assert same(lambda z: F.cross_entropy(z, y), drawn(N, K), by_hand, plan=plan)


def test_pixels_are_weighted_focused_and_smoothed():
    z, y = drawn(4, K, 5, 3), classes().view(4, 5, 3)
    w = balanced()

    def flat(z):
        z, own = z.movedim(1, -1).reshape(-1, K), y.reshape(-1)
        each = F.cross_entropy(z, own, w, reduction="none", label_smoothing=0.1)
        reached = z.softmax(1)[torch.arange(N), own]
        return ((1 - reached) ** 2 * each).sum() / w[own].sum()

    plan = [WEIGHING, SMOOTHING, FOCUSING]
    assert same(lambda z: F.cross_entropy(z, y), z, flat, plan=plan)


@pytest.mark.parametrize("one", [WEIGHING, FOCUSING, SMOOTHING], ids=str)
def test_a_loss_of_numbers_is_none_of_classes(one):
    net = nn.Linear(4, 1)
    with changed(one) as kept:
        trained(net, data=rows())
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


@pytest.mark.parametrize(
    ("name", "objective", "changes"),
    [
        ("weight-classes", {"task": "classification"}, [1.0, 0.5]),
        ("weight-classes", {"task": "binary", "weighted": True}, []),
        ("weight-classes", {"task": "regression"}, []),
        ("focus-loss", {"task": "binary"}, [2.0]),
        ("focus-loss", {"task": "regression"}, []),
        ("smooth-labels", {"task": "classification"}, [0.1, 0.2]),
        ("smooth-labels", {"task": "classification", "label_smoothing": 0.1}, []),
    ],
)
def test_what_is_proposed_fits_the_loss(name, objective, changes):
    run = Run.of(facts={"objective": objective})
    finding = Finding(
        rule="class-imbalance", severity=Severity.WARNING, confidence=1.0, summary="1"
    )
    found = acts()[name].proposals(run, finding)
    assert [next(iter(one.change.params.values())) for one in found] == changes
