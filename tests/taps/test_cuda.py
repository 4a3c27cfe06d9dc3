"""Trainings on a GPU: the same bits, no wait added, and what is true of them."""

import copy
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wellfit.taps.torch import TorchTap

pytestmark = [
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="no CUDA device on this machine"
    ),
    pytest.mark.filterwarnings("ignore:Synchronization debug mode:UserWarning"),
]
STEPS = 200


@pytest.fixture(autouse=True)
def deterministic() -> Iterator[None]:
    torch.backends.cudnn.deterministic = True
    yield
    torch.backends.cudnn.deterministic = False
    torch.cuda.set_sync_debug_mode("default")


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(36, 32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.leave = nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.enter(x.flatten(2).reshape(len(x), 12, 36)))
        y = y + self.attention(y, y, y, need_weights=False)[0]
        return self.leave(y.mean(1))


def _convolving() -> nn.Module:
    layers = [nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 3)]
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)]
    return nn.Sequential(*layers, nn.ReLU(), *pooled)


NETS = {"convolving": _convolving, "attending": Attending}


def _net(name: str = "convolving") -> nn.Module:
    torch.manual_seed(0)
    return NETS[name]().cuda()


def _batches() -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(STEPS, 32, 3, 12, 12, generator=generator).cuda()
    y = torch.randint(4, (STEPS, 32), generator=generator).cuda()
    return list(zip(x, y, strict=True))


def _train(model: nn.Module, *, strictly: bool = False) -> tuple[str, list[float]]:
    """A digest of all losses and the last weights, and the losses.

    `strictly`: whoever makes the host wait for the device is refused.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    batches, losses = _batches(), []
    torch.cuda.set_sync_debug_mode("error" if strictly else "default")
    for x, y in batches:
        optimizer.zero_grad()
        outputs = model(x)
        loss = nn.functional.cross_entropy(outputs, y)
        (loss + nn.functional.mse_loss(outputs, x[:, 0, :4, 0])).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.detach())
    torch.cuda.set_sync_debug_mode("default")
    told = torch.stack(losses).cpu()
    digest = hashlib.sha256(told.numpy().tobytes())
    for weights in model.state_dict().values():
        digest.update(weights.cpu().numpy().tobytes())
    return digest.hexdigest(), told.tolist()


def _watched(said: Any, model: nn.Module, **options: Any) -> tuple[str, list[float]]:
    tap = TorchTap(said, **options)
    tap.attach()
    try:
        return _train(model, strictly=True)
    finally:
        tap.finish()


@pytest.mark.parametrize("every", [None, 1])
@pytest.mark.parametrize("name", sorted(NETS))
def test_the_bits_are_the_same_and_nobody_waits(
    said: Any, name: str, every: int | None
) -> None:
    alone, _ = _train(_net(name))
    digest, _ = _watched(said, _net(name), every=every)
    assert digest == alone
    assert [step for step, _ in said.values["train/loss"]] == list(range(STEPS))
    # One that was refused would have ended the watching, and said so.
    assert not [data for kind, _, data in said.events if kind == "note"]
    assert said.facts["training"]["steps"] == STEPS


def test_every_loss_is_that_of_the_script(said: Any) -> None:
    model, true = _net(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    tap = TorchTap(said)
    tap.attach()
    for x, y in _batches():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        true.append(loss.detach())
    tap.finish()
    assert said.values["train/loss"] == list(enumerate(torch.stack(true).tolist()))


def test_what_is_told_of_a_gpu_is_what_is_true(said: Any) -> None:
    model = _net()
    first = copy.deepcopy(model)
    _watched(said, model, every=1)
    x, y = _batches()[0]
    outputs = first(x)
    loss = nn.functional.cross_entropy(outputs, y)
    (loss + nn.functional.mse_loss(outputs, x[:, 0, :4, 0])).backward()
    nn.utils.clip_grad_norm_(first.parameters(), 1.0)
    for name, parameter in first.named_parameters():
        gradient = parameter.grad.double().cpu().numpy()
        told = said.values[f"train/grad_norm@{name}"][0][1]
        assert np.isclose(told, np.linalg.norm(gradient), rtol=1e-4), name
    assert len(said.only("train/grad_norm")) == STEPS
    # The layers are known from the first step on.
    assert len(said.only("train/activation_std@3")) == STEPS - 1


def test_a_scaler_and_half_precision_are_watched(said: Any) -> None:
    model = _net()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler()
    tap = TorchTap(said, every=1)
    tap.attach()
    true = []
    for x, y in _batches()[:30]:
        optimizer.zero_grad()
        with torch.autocast("cuda", dtype=torch.float16):
            loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        true.append(loss.item())
    tap.finish()
    told = dict(said.values["train/loss"])
    assert len(told) + sum(kind == "skipped" for kind, *_ in said.events) == 30
    assert set(told.values()) <= set(true)
    assert said.only("train/loss_scale")
