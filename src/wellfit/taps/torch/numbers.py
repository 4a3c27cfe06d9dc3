"""Samples of tensors and many small numbers, brought from their devices in one go."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


@dataclass(slots=True)
class OnItsWay:
    """A tensor that is copied to the host: `event` tells of its arrival.

    Of the CPU's own tensors there is nothing to wait for, and no event.
    """

    host: Tensor
    event: Any = None

    @property
    def here(self) -> bool:
        """Whether it has come."""
        return self.event is None or bool(self.event.query())

    def array(self) -> NDArray[Any]:
        """The numbers; waits for them where they have not come."""
        if self.event is not None:
            self.event.synchronize()
        return self.host.numpy()


def send(tensor: Tensor) -> OnItsWay:
    """Copy a tensor to the host without waiting for it.

    Floating-point numbers come as float32, unless they are wider.
    """
    plain = local(tensor.detach())
    if plain.dtype not in _WIDE and plain.is_floating_point():
        plain = plain.float()
    if plain.is_cpu:
        return OnItsWay(plain)
    if plain.device.type != "cuda":
        return OnItsWay(plain.cpu())
    # Only pinned memory is filled by the device's own queue; to any other the copy may
    # be read before it is there.
    host = torch.empty(plain.shape, dtype=plain.dtype, pin_memory=True)
    host.copy_(plain, non_blocking=True)
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record()
    return OnItsWay(host, event)


_ORDINARY = (Tensor, torch.nn.Parameter)
_WIDE = (torch.float32, torch.float64)


def local(tensor: Tensor) -> Tensor:
    """Of a tensor that is spread over several devices, what is here."""
    if type(tensor) not in _ORDINARY and hasattr(tensor, "to_local"):
        here: Tensor = tensor.to_local()
        return here
    return tensor


def flat(tensor: Tensor) -> Tensor:
    """The numbers of a tensor in one dimension: of a sparse one, those it holds.

    Of a tensor that is spread over several devices, those that are here; a complex one
    counts for two.
    """
    plain = local(tensor.detach())
    if plain.is_sparse:
        plain = plain.coalesce().values()
    if plain.is_complex():
        plain = torch.view_as_real(plain)
    return plain.reshape(-1)


def whole(tensor: Tensor) -> Tensor:
    """The numbers that `flat` gives, in whatever shape they lie there."""
    if type(tensor) in _ORDINARY and not tensor.is_complex() and not tensor.is_sparse:
        return tensor.detach()
    return flat(tensor)


def spread(numbers: Tensor, most: int) -> Tensor:
    """At most so many of the numbers of a dense tensor, evenly spaced; no copy."""
    size = numbers.numel()
    apart = -(-size // most) or 1
    if numbers.is_contiguous():
        return numbers.as_strided((-(-size // apart),), (apart,))
    return numbers.reshape(-1)[::apart]


@dataclass(slots=True)
class Later:
    """What is told once some tensors have come: `tell` of their arrays, by signal."""

    coming: tuple[OnItsWay, ...]
    tell: Callable[..., dict[str, float]]

    @property
    def here(self) -> bool:
        """Whether they have."""
        return all(one.here for one in self.coming)

    def told(self) -> dict[str, float]:
        """The signals; waits where it must."""
        return self.tell(*[one.array().astype(np.float64) for one in self.coming])


def settle(waiting: deque[Later], *, wait: bool) -> None:
    """Let those tell that have come, in their order; all of them where `wait`."""
    while waiting and (wait or waiting[0].here):
        waiting.popleft().told()


def fetch(scalars: Sequence[Tensor]) -> list[float]:
    """The values of zero-dimensional tensors, with one wait for each device."""
    if not scalars:
        return []
    device = scalars[0].device
    if any(s.device != device for s in scalars):
        device = torch.device("cpu")
    if any(s.dtype != scalars[0].dtype or s.device != device for s in scalars):
        scalars = [s.to(device, torch.float64) for s in scalars]
    return [float(v) for v in torch.stack(list(scalars)).tolist()]
