"""Attached, a tap is there; detached, at whatever moment, nothing of it is left."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.modules import module as modules
from torch.optim import optimizer as optimizers
from torch.utils.data import DataLoader, TensorDataset

import wellfit.taps.torch
from tests.taps.conftest import Said
from wellfit.contracts.check_tap import functions
from wellfit.taps.torch import TorchTap
from wellfit.taps.torch.ranks import RanksTap

TABLES = (
    (modules, "_global_backward_pre_hooks"),
    (modules, "_global_backward_hooks"),
    (modules, "_global_forward_pre_hooks"),
    (modules, "_global_forward_hooks"),
    (modules, "_global_forward_hooks_always_called"),
    (modules, "_global_forward_hooks_with_kwargs"),
    (modules, "_global_buffer_registration_hooks"),
    (modules, "_global_module_registration_hooks"),
    (modules, "_global_parameter_registration_hooks"),
    (optimizers, "_global_optimizer_pre_hooks"),
    (optimizers, "_global_optimizer_post_hooks"),
)


class Training:
    """A training, a batch after another, and every table of hooks that it has."""

    def __init__(self) -> None:
        torch.manual_seed(3)
        x = torch.randn(48, 4)
        self.model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.01)
        self.data = TensorDataset(x, x[:, :3].argmax(1))
        self.loss = torch.zeros(())

    def moments(self, epochs: int = 2) -> Iterator[str]:
        """Train, and come back at each moment of every step and evaluation."""
        torch.manual_seed(9)  # whatever was drawn since the model was made
        for _ in range(epochs):
            self.model.train()
            for rows, kinds in DataLoader(self.data, 8, shuffle=True):
                yield "a batch is there"
                self.optimizer.zero_grad()
                self.loss = nn.functional.cross_entropy(self.model(rows), kinds)
                yield "the loss is there"
                self.loss.backward()
                yield "the gradients are there"
                self.optimizer.step()
            self.model.eval()
            with torch.no_grad():
                for rows, kinds in DataLoader(self.data, 24):
                    self.loss = nn.functional.cross_entropy(self.model(rows), kinds)
                    yield "an evaluation"

    def bits(self) -> bytes:
        parts = [self.loss, *self.model.parameters()]
        return b"".join(p.detach().numpy().tobytes() for p in parts)

    def hooks(self) -> dict[str, int]:
        """How many are in each table."""
        found = {name: len(getattr(owner, name)) for owner, name in TABLES}
        things: list[tuple[str, Any]] = list(self.model.named_modules())
        things += [*self.model.named_parameters(), ("optimizer", self.optimizer)]
        for place, thing in things:
            names = [n for n in dir(thing) if n.endswith("hooks")]
            for name in names:
                table = getattr(thing, name)
                if table is None or hasattr(table, "__len__"):
                    found[f"{place}.{name}"] = len(table or ())
        return found


MOMENTS = sum(1 for _ in Training().moments())


@pytest.mark.parametrize("make", [TorchTap, RanksTap])
@pytest.mark.parametrize("every", [None, 1])
def test_nothing_is_left(make: Any, every: int | None, said: Said) -> None:
    training = Training()
    hooks, before = training.hooks(), functions("torch")
    tap = make(said, every=every)
    tap.attach()
    patched = [p for p, f in functions("torch").items() if before.get(p) is not f]
    assert patched
    for _ in training.moments():
        pass
    tap.finish()
    assert training.hooks() == hooks
    after = functions("torch")
    assert [p for p, f in before.items() if after[p] is not f] == []


def test_while_it_looks_its_hooks_are_there(said: Said) -> None:
    training = Training()
    hooks = training.hooks()
    tap = TorchTap(said, every=1)
    tap.attach()
    seen = [training.hooks() for _ in training.moments()]
    tap.finish()
    assert any(now != hooks for now in seen)  # else the other tests see nothing


@settings(max_examples=25, deadline=None, derandomize=True)
@given(moment=st.integers(0, MOMENTS), every=st.sampled_from([None, 1, 3]))
def test_it_may_be_detached_at_any_moment(moment: int, every: int | None) -> None:
    bare, training, tap = Training(), Training(), TorchTap(Said(), every=every)
    for _ in bare.moments():
        pass
    hooks, backward = training.hooks(), torch.Tensor.backward
    tap.attach()
    for place, _ in enumerate(training.moments()):
        if place == moment:
            tap.detach()
            assert training.hooks() == hooks
    tap.finish()
    assert training.bits() == bare.bits()
    assert torch.Tensor.backward is backward


# -- faults -------------------------------------------------------------------------

LIFE = {"attach", "detach", "finish", "fail", "__init__"}  # not within a training


def _inner() -> list[tuple[Any, str]]:
    """Every function and method of the tap's own that a training may come through."""
    found: list[tuple[Any, str]] = []
    room = wellfit.taps.torch
    for info in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
        if info.name.endswith((".watch", ".ranks")):
            continue
        module = importlib.import_module(info.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == info.name:
                own = [n for n, v in vars(kind).items() if inspect.isfunction(v)]
                found += [(kind, name) for name in own if name not in LIFE]
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == info.name:
                found.append((module, name))
    return found


def _failing(original: Callable[..., Any], at: int, hits: list[int]) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        hits.append(1)
        if len(hits) == at + 1:
            raise RuntimeError("planted")
        return original(*args, **kwargs)

    return call


def _survives(owner: Any, name: str, at: int, bare: bytes, capfd: Any) -> str | None:
    """What is wrong with a training in which this call of ours fails, or None."""
    training, said, hits = Training(), Said(), []
    hooks, before = training.hooks(), torch.nn.functional.cross_entropy
    with pytest.MonkeyPatch.context() as patch:
        tap = TorchTap(said, every=2)
        patch.setattr(owner, name, _failing(vars(owner)[name], at, hits))
        try:
            tap.attach()
        except RuntimeError:  # which whoever attaches it says
            tap.detach()
            same = torch.nn.functional.cross_entropy is before
            return None if same else "leaves something behind where it cannot attach"
        try:
            for _ in training.moments(1):
                pass
            tap.finish()
        except Exception as error:
            tap.detach()
            return f"raises {type(error).__name__}: {error}"
    lines = capfd.readouterr().err.splitlines()
    if training.bits() != bare:
        return "changes the training"
    if training.hooks() != hooks or torch.nn.functional.cross_entropy is not before:
        return "leaves something behind"
    notes = [kind for kind, _, _ in said.events if kind == "note"]
    if len(hits) > at and not (len(lines) == len(notes) == 1):
        return f"says {lines}"
    return None


@pytest.mark.parametrize("at", [0, pytest.param(4, marks=pytest.mark.slow)])
def test_a_fault_anywhere_ends_the_watching_and_nothing_else(
    at: int, capfd: pytest.CaptureFixture[str]
) -> None:
    bare = Training()
    for _ in bare.moments(1):
        pass
    found = {}
    for owner, name in _inner():
        wrong = _survives(owner, name, at, bare.bits(), capfd)
        if wrong is not None:
            found[f"{getattr(owner, '__name__', owner)}.{name}"] = wrong
    text = "\n".join(f"{where}: {wrong}" for where, wrong in found.items())
    assert not found, f"where a fault of ours does harm:\n{text}"
