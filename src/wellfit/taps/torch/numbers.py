"""Many small numbers, brought from their devices in one go."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def norms(tensors: list[Tensor]) -> list[Tensor]:
    """The L2 norm of each tensor, as scalars that may still be under way."""
    dense = [t.coalesce().values() if t.is_sparse else t for t in tensors]
    return list(torch._foreach_norm(dense)) if dense else []


def fetch(scalars: list[Tensor]) -> list[float]:
    """The values of zero-dimensional tensors, with one wait for each device."""
    if not scalars:
        return []
    device = scalars[0].device
    if any(s.device != device for s in scalars):
        device = torch.device("cpu")
    if any(s.dtype != scalars[0].dtype or s.device != device for s in scalars):
        scalars = [s.to(device, torch.float64) for s in scalars]
    return [float(v) for v in torch.stack(scalars).tolist()]


def array(tensor: Tensor) -> NDArray[Any]:
    """The tensor's numbers, cut off from the graph, as NumPy can hold them."""
    held = tensor.detach()
    return (held.float() if held.dtype == torch.bfloat16 else held).cpu().numpy()
