"""Losses that are computed by hand are known by their graphs."""

import pytest
import torch
from torch import nn

from wellfit.taps.torch.byhand import call_by_hand
from wellfit.taps.torch.persample import by_sample

ROWS = 40


def regression(width: int = 1):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, width))
    return model, torch.randn(ROWS, 3), torch.randn(ROWS, width)


@pytest.mark.parametrize(
    ("criterion", "reduction", "loss"),
    [
        ("mse_loss", "mean", lambda o, y: ((o - y) ** 2).mean()),
        ("mse_loss", "mean", lambda o, y: torch.mean(torch.square(y - o))),
        ("mse_loss", "mean", lambda o, y: (o - y).pow(2).mean()),
        ("mse_loss", "sum", lambda o, y: ((o - y) ** 2).sum()),
        ("mse_loss", "other", lambda o, y: 0.5 * ((y - o) ** 2).mean()),
        ("mse_loss", "other", lambda o, y: ((y - o) ** 2).sum() / len(y)),
        ("mse_loss", "other", lambda o, y: ((y - o) ** 2).mean().sqrt()),
        ("mse_loss", "other", lambda o, y: ((y - o) ** 2).sum(1).mean()),
        ("l1_loss", "mean", lambda o, y: (o - y).abs().mean()),
    ],
)
def test_differences(criterion, reduction, loss):
    model, x, y = regression(width=2)
    call = call_by_hand(loss(model(x), y))
    assert (call.criterion, call.options["reduction"]) == (criterion, reduction)
    assert torch.allclose(call.outputs, model(x), atol=1e-6)
    assert torch.allclose(call.targets, y, atol=1e-6)
    assert not call.outputs.requires_grad


@pytest.mark.parametrize("view", ["squeeze", "flatten", "view", "select"])
def test_views_between_the_model_and_the_loss(view):
    model, x, y = regression()
    views = {
        "squeeze": lambda o: o.squeeze(),
        "flatten": lambda o: o.flatten(),
        "view": lambda o: o.view(-1),
        "select": lambda o: o[:, 0],
    }
    call = call_by_hand(((views[view](model(x)) - y[:, 0]) ** 2).mean())
    assert torch.allclose(call.targets, y[:, 0], atol=1e-6)


def product(o, y):
    r = o - y
    return (r * r).mean()


def test_the_same_difference_twice():
    model, x, y = regression()
    assert call_by_hand(product(model(x), y)).criterion == "mse_loss"


def test_each_output_with_each_target():
    model, x, y = regression()
    call = call_by_hand(((model(x) - y[:, 0]) ** 2).mean())
    assert (call.outputs.shape, call.targets.shape) == ((ROWS, 1), (ROWS,))
    assert torch.allclose(call.targets, y[:, 0], atol=1e-6)
    call = call_by_hand(((model(x)[:, 0] - y) ** 2).mean())
    assert (call.outputs.shape, call.targets.shape) == ((ROWS,), (ROWS, 1))
    assert torch.allclose(call.targets, y, atol=1e-6)


def test_of_wide_batches_some_rows():
    model = nn.Linear(64, 1)
    x, y = torch.randn(5000, 64), torch.randn(5000, 1)
    call = call_by_hand(((model(x) - y) ** 2).mean())
    assert len(call.outputs) == len(call.targets) <= 256
    assert torch.allclose(call.outputs - call.targets, (model(x) - y)[::20], atol=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        lambda o, y: -torch.log_softmax(o, 1)[torch.arange(ROWS), y].mean(),
        lambda o, y: -torch.log(o.softmax(1)).gather(1, y[:, None]).mean(),
        lambda o, y: -o.log_softmax(-1).gather(1, y[:, None]).squeeze(1).mean(),
    ],
)
def test_logarithms_picked_by_class(loss):
    model, x, _ = regression(width=3)
    y = torch.randint(3, (ROWS,))
    call = call_by_hand(loss(model(x), y))
    assert call.criterion == "cross_entropy"
    assert call.targets.tolist() == y.tolist()
    assert torch.equal(call.outputs.argmax(1), model(x).argmax(1))
    assert call.task == "classification"


def test_yes_and_no():
    model, x, y = regression()
    y = (y > 0).float()
    p = torch.sigmoid(model(x))
    loss = -(y * torch.log(p + 1e-8) + (1 - y) * torch.log(1 - p + 1e-8)).mean()
    call = call_by_hand(loss)
    assert call.criterion == "binary_cross_entropy"
    assert torch.equal(call.targets, y)
    assert torch.allclose(call.outputs, p, atol=1e-6)


def test_other_computations_are_left_alone():
    model, x, y = regression()
    two = nn.Linear(3, 1)
    for loss in (
        model(x).mean(),
        (model(x) - two(x)).pow(2).mean(),
        ((model(x) - y) ** 4).mean(),
        ((model(x) - y) ** 2).mean() + 0.1 * two.weight.norm(),
        torch.zeros((), requires_grad=True),
        model(x).logsumexp(0).sum(),
        ((torch.sin(model(x)) - y) ** 2).mean(),
    ):
        assert call_by_hand(loss) is None


def test_what_backward_has_freed_is_left_alone():
    model, x, y = regression()
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()
    assert call_by_hand(loss) is None


def test_asking_changes_no_gradient():
    model, x, y = regression()
    ((model(x) - y) ** 2).mean().backward()
    alone = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    loss = ((model(x) - y) ** 2).mean()
    assert call_by_hand(loss) is not None
    loss.backward()
    assert all(
        torch.equal(p.grad, a) for p, a in zip(model.parameters(), alone, strict=True)
    )


def test_a_broadcast_target_has_no_losses_of_samples():
    model, x, y = regression()
    call = call_by_hand(((model(x) - y[:, 0]) ** 2).mean())
    assert by_sample(call) is None
