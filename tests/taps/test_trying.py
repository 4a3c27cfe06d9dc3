"""What `wellfit check` tries out at the first step, on trainings in this process."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as modules

from wellfit.core.run import Run
from wellfit.rules.wrong_gradient import WrongGradient
from wellfit.taps.shared import Shared
from wellfit.taps.torch.tap import TorchTap
from wellfit.taps.torch.trying import TryingTap

STEPS = 3


class Facts:
    """A recorder that keeps the facts only."""

    writing = 0.0

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def fact(self, name: str, data: Any) -> None:
        self.facts[name] = data

    def value(self, *_: Any) -> None: ...
    def values(self, *_: Any) -> None: ...
    def histogram(self, *_: Any) -> None: ...
    def event(self, *_: Any, **data: Any) -> None:
        assert "text" not in data, data


def tried(
    make: Callable[[], nn.Module], loss: Callable[[nn.Module], Tensor]
) -> dict[str, Any]:
    """The facts that are found in a training of a few steps."""
    torch.manual_seed(0)
    records = Facts()
    shared = Shared(records)
    watching, trying = TorchTap(shared), TryingTap(shared, budget=300.0)
    watching.attach()
    trying.attach()
    try:
        model = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss(model).backward()
            optimizer.step()
    finally:
        trying.finish()
        watching.finish()
    assert torch.overrides._get_current_function_mode() is None
    return records.facts


X = torch.randn(12, 6, generator=torch.Generator().manual_seed(1))
Y = torch.arange(12) % 3


def mlp(middle: nn.Module | None = None) -> nn.Module:
    return nn.Sequential(nn.Linear(6, 16), middle or nn.ReLU(), nn.Linear(16, 3))


def by_class(model: nn.Module) -> Tensor:
    return F.cross_entropy(model(X), Y)


class Applied(nn.Module):
    """A layer that applies a function of its own."""

    def __init__(self, function: type[torch.autograd.Function]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function.apply(x)


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad * (s + x * s * (1 - s))


class HalfSwish(Swish):
    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad * torch.sigmoid(x)


class Clipped(torch.autograd.Function):
    """A ReLU6, whose kinks no difference must be deceived by."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(0, 6)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad * ((x > 0) & (x < 6))


class Rounded(torch.autograd.Function):
    """A straight-through estimator."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return (4 * x).round() / 4

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return -grad


@pytest.mark.parametrize("function", [Swish, HalfSwish, Clipped, Rounded, Reversed])
def test_only_a_wrong_backward_pass_is_called_wrong(function):
    facts = tried(lambda: mlp(Applied(function)), by_class)
    seen = facts["gradient_check"]
    assert [f["name"] for f in seen["functions"]] == [function.__name__]
    assert len(seen["parameters"]) == seen["of"] == 4
    said = WrongGradient().judge(Run.of(facts=facts))
    if function is HalfSwish:
        assert said.where == ("HalfSwish",)
    else:
        assert said is None


@pytest.mark.parametrize(
    "make",
    [
        mlp,
        lambda: nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)),
        lambda: nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.5), nn.Linear(8, 3)),
        lambda: nn.Sequential(nn.Unflatten(1, (6, 1)), Last(nn.LSTM(1, 3))),
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 3, 6), nn.Flatten()
        ),
    ],
    ids=["dense", "norm", "dropout", "lstm", "conv"],
)
def test_a_healthy_training_has_nothing_wrong(make):
    facts = tried(make, by_class)
    seen = facts["gradient_check"]
    assert max(p["error"] for p in seen["parameters"]) < 1e-5
    assert facts["overfit_batch"]["least"] < facts["overfit_batch"]["start"]
    assert facts["repeatable"]["train"]
    assert facts["repeatable"]["eval"]
    assert not facts["batch_leak"].get("leaks")
    assert not facts["unreached"]["detached"]
    assert facts["inputs_read"]["columns"] == []


class Last(nn.Module):
    """The last state of a recurrent layer, made batch first."""

    def __init__(self, layer: nn.LSTM) -> None:
        super().__init__()
        layer.batch_first = True
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0][:, -1]


class Steps(nn.Module):
    """A recurrent layer, and its states one by one."""

    def __init__(self, **how: bool) -> None:
        super().__init__()
        self.layer, self.top = nn.GRU(6, 4, **how), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.top(self.layer(x)[0])


@pytest.mark.parametrize(
    ("shape", "how", "leaks"),
    [
        ((12, 6), {}, None),  # one sequence: its rows are steps
        ((5, 12, 6), {}, None),  # steps first, perhaps
        ((12, 5, 6), {"batch_first": True}, False),
    ],
)
def test_steps_of_a_sequence_are_no_samples(shape, how, leaks):
    x = torch.randn(shape)
    facts = tried(lambda: Steps(**how), lambda m: F.mse_loss(m(x), 0 * x[..., :1]))
    assert facts["batch_leak"].get("leaks") is leaks


def test_a_forgotten_batch_first_leaks():
    x = torch.randn(12, 5, 6)

    def loss(model: nn.Module) -> Tensor:
        return F.mse_loss(model(x)[:, -1, 0], Y.float())

    assert tried(Steps, loss)["batch_leak"]["leaks"]


class Odd(nn.Module):
    """Two layers, and between them a mistake."""

    def __init__(self, between: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 12), nn.Linear(12, 3)
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.between(self.first(x)))


def test_a_detached_branch_is_named():
    facts = tried(lambda: Odd(lambda h: h.detach().relu()), by_class)
    assert facts["unreached"]["detached"] == ["first.weight", "first.bias"]
    assert facts["inputs_read"]["none"]


def test_a_softmax_over_the_batch_leaks():
    facts = tried(lambda: Odd(lambda h: h.softmax(0)), by_class)
    assert facts["batch_leak"]["leaks"]


def test_a_wrong_reshape_leaks():
    facts = tried(lambda: Odd(lambda h: h.reshape(12, 12).t().relu()), by_class)
    assert facts["batch_leak"]["leaks"]


def test_a_dropout_that_does_not_end_is_seen():
    facts = tried(lambda: Odd(lambda h: F.dropout(h, 0.5)), by_class)
    assert facts["repeatable"]["dropout_in_eval"]
    assert facts["repeatable"]["train"]  # one seed, one mask


def test_chance_of_its_own_is_traced_to_its_layer():
    counter = iter(range(100))
    noisy = lambda h: h + float(next(counter))  # noqa: E731 (as scripts have it)
    facts = tried(lambda: Odd(noisy), by_class)
    assert not facts["repeatable"]["train"]
    assert facts["repeatable"]["differs"] == ["last"]


def test_a_column_that_is_not_read_is_counted():
    facts = tried(lambda: Cut(4), by_class)
    assert facts["inputs_read"]["columns"] == [4, 5]


class Cut(nn.Module):
    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns, self.layer = columns, nn.Linear(columns, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x[:, : self.columns])


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_column_that_meets_a_row_is_an_accident():
    def loss(model: nn.Module) -> Tensor:
        return ((model(X) - Y.float()) ** 2).mean()

    facts = tried(lambda: nn.Linear(6, 1), loss)
    assert facts["each_with_each"][0]["shapes"] == [[12, 1], [12]]
    pairs = tried(lambda: nn.Linear(6, 1), lambda m: (m(X) - Y[None]).abs().mean())
    assert "each_with_each" not in pairs


def test_the_way_through_changes_in_place_is_gone_again():
    def loss(model: nn.Module) -> Tensor:
        scores = torch.zeros(12, 3)
        made = model(X)
        scores[:, 0] = made[:, 0]
        scores[:, 1:] += made[:, 1:]
        scores *= 2.0
        return F.cross_entropy(scores, Y)

    seen = tried(mlp, loss)["gradient_check"]
    assert len(seen["parameters"]) == 4
    assert max(p["error"] for p in seen["parameters"]) < 1e-5
    assert seen["loss"] == pytest.approx(
        tried(mlp, loss)["overfit_batch"]["seen"], 1e-2
    )


def test_trying_changes_neither_weights_nor_draws():
    def trained(watched: bool) -> Tensor:
        def loss(model: nn.Module) -> Tensor:
            kept.append(model)
            return F.cross_entropy(F.dropout(model(X), 0.3), Y)

        kept: list[nn.Module] = []
        if watched:
            tried(mlp, loss)
        else:
            torch.manual_seed(0)
            model = mlp()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(STEPS):
                optimizer.zero_grad()
                loss(model).backward()
                optimizer.step()
        return torch.cat([p.detach().flatten() for p in kept[0].parameters()])

    assert torch.equal(trained(True), trained(False))


def test_padding_gets_no_gradient_on_purpose():
    words = torch.arange(48).reshape(12, 4) % 7

    def make() -> nn.Module:
        return nn.Sequential(nn.Embedding(7, 5, 0), nn.Flatten(), nn.Linear(20, 3))

    seen = tried(make, lambda model: F.cross_entropy(model(words), Y))
    assert max(p["error"] for p in seen["gradient_check"]["parameters"]) < 1e-5
    assert seen["batch_leak"]["leaks"] is False


def test_trying_leaves_no_hooks_behind() -> None:
    assert not modules._has_any_global_hook()
