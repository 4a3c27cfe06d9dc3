"""What `loop` says of zeroing, modes and parameters, and `start` of the weights."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wellfit.taps.torch import TorchTap

X = torch.linspace(-1, 1, 200).reshape(40, 5)
Y = torch.arange(40) % 3


def train(
    said: Any,
    model: nn.Module,
    *,
    step: Callable[[torch.optim.Optimizer, Tensor], None] | None = None,
    before: Callable[[nn.Module], None] = nn.Module.train,
    evaluate: Callable[[nn.Module], None] | None = None,
    epochs: int = 4,
) -> None:
    """Train watched: `before` each epoch, `step` for each batch, `evaluate` after."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    tap = TorchTap(said, every=1)
    tap.attach()
    try:
        for _ in range(epochs):
            before(model)
            for x, y in zip(X.split(10), Y.split(10), strict=True):
                (step or usual)(optimizer, F.cross_entropy(model(x), y))
            if evaluate is not None:
                evaluate(model)
    finally:
        tap.finish()


def usual(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def never(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    loss.backward()
    optimizer.step()


def too_early(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()


def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 3)
    )


@pytest.mark.parametrize(
    ("step", "zeroed", "cleared"),
    [(usual, True, False), (never, False, False), (too_early, True, True)],
)
def test_how_gradients_are_zeroed_is_told(said, step, zeroed, cleared) -> None:
    train(said, net(), step=step)
    loop = said.facts["loop"]
    assert (loop["zeroed"], loop["cleared"]) == (zeroed, cleared)
    assert len(said.values["train/loss"]) == 16  # of every step, cleared or not


def test_gradients_of_others_are_not_stale(said) -> None:
    body = nn.Linear(5, 5)
    body(X).sum().backward()  # and its gradient is left there
    body.requires_grad_(False)
    train(said, nn.Sequential(body, nn.Linear(5, 3)))
    assert said.facts["loop"]["zeroed"] is True


def in_eval(model: nn.Module) -> None:
    model.eval()
    look(model)


@torch.no_grad()
def look(model: nn.Module, passes: int = 1) -> None:
    held_back = X.flip(0) * 0.9 + 0.03
    outputs = [model(held_back) for _ in range(passes)]
    F.cross_entropy(torch.stack(outputs).mean(0), Y)


def many(model: nn.Module) -> None:
    look(model, passes=8)


@pytest.mark.parametrize(
    ("evaluate", "share", "repeated"),
    [(in_eval, 0.0, False), (look, 1.0, False), (many, 1.0, True)],
)
def test_the_mode_of_evaluations_is_told(said, evaluate, share, repeated) -> None:
    train(said, net(), evaluate=evaluate)
    switches = said.facts["loop"]["switches"]
    for family in ("model", "dropout", "norm"):
        assert switches[family]["modes"]["train"][0][1] == 1.0
        assert switches[family]["modes"]["val"] == [[4, share]]
    assert switches["repeated"] is repeated
    assert said.facts["loop"]["modes"]["val"] == ("train" if share else "eval")


def test_a_model_left_in_eval_is_told_with_its_step(said) -> None:
    model = net().train()
    train(said, model, before=lambda _: None, evaluate=in_eval)
    modes = said.facts["loop"]["switches"]["dropout"]["modes"]["train"]
    assert modes == [[1, 1.0], [4, 0.0]]


def test_a_copy_that_is_evaluated_does_not_speak_for_the_model(said) -> None:
    copy = net().eval()
    train(said, net(), evaluate=lambda _: look(copy))
    assert "val" not in said.facts["loop"]["modes"]


def test_dropout_of_nothing_is_none(said) -> None:
    train(said, nn.Sequential(nn.Linear(5, 9), nn.Dropout(0.0), nn.Linear(9, 3)))
    assert "dropout" not in said.facts["loop"]["switches"]


class Parts(nn.Module):
    """A layer in a plain list, one that is cut off, and one that is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.loose = [nn.Linear(5, 7)]
        self.cut = nn.Linear(7, 7)
        self.unused = nn.Linear(7, 7)
        self.head = nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.loose[0](x)
        return self.head(hidden + self.cut(hidden).detach())


def test_parameters_that_are_not_trained_are_told(said) -> None:
    train(said, Parts())
    loop = said.facts["loop"]
    assert {n.partition(".")[2] for n in loop["unstepped"]} == {"weight", "bias"}
    assert all(name.startswith("Linear#") for name in loop["unstepped"])
    cut = {name.removeprefix("Parts.") for name in loop["ungraded"]}
    assert cut == {"cut.weight", "cut.bias", "unused.weight", "unused.bias"}


def test_a_model_of_an_earlier_training_is_not_taken_for_a_part(said) -> None:
    body = nn.Linear(5, 5)
    tap = TorchTap(said, every=1)
    tap.attach()
    for trained in (True, False):  # then another head, on the same body, frozen
        model = nn.Sequential(body.requires_grad_(trained), nn.Linear(5, 3))
        own = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.SGD(own, lr=0.05)
        for x, y in zip(X.split(10), Y.split(10), strict=True):
            usual(optimizer, F.cross_entropy(model(x), y))
        del optimizer
    tap.finish()
    assert said.facts["loop"]["unstepped"] == []


def test_what_weights_begin_as_is_told(said) -> None:
    model = nn.Sequential(
        nn.Linear(5, 64), nn.Tanh(), nn.Linear(64, 8), nn.Linear(8, 3)
    )
    nn.init.constant_(model[0].weight, 0.25)
    nn.init.zeros_(model[3].weight)
    train(said, model)
    start = said.facts["start"]
    assert start["constant"] == {"0.weight": 0.25, "3.weight": 0.0}
    assert start["drawn"] == ["2.weight"]
    assert start["gains"]["0.weight"] == pytest.approx(0.25 * 5**0.5)
    assert start["gains"]["2.weight"] == pytest.approx(3**-0.5, rel=0.1)
    assert start["alike"] == []  # the layers behind tell the units apart


def test_units_that_stay_alike_are_told(said) -> None:
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))
    nn.init.constant_(model[0].weight, 0.1)
    nn.init.constant_(model[0].bias, 0.0)
    nn.init.constant_(model[2].weight, 0.1)
    train(said, model)
    assert said.facts["start"]["alike"] == ["0.weight"]


def test_trained_weights_do_not_look_drawn(said) -> None:
    model = nn.Sequential(nn.Linear(5, 64), nn.Tanh(), nn.Linear(64, 3))
    with torch.no_grad():
        model[0].weight.copy_(torch.randn(64, 5))
    train(said, model)
    assert said.facts["start"]["drawn"] == ["2.weight"]
