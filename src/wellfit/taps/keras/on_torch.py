"""Keras's tensors where PyTorch computes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class OnTorch:
    """Reads PyTorch's tensors."""

    name = "torch"
    function = None

    def tracing(self) -> bool:
        """Whether `torch.compile` is at work."""
        return torch.compiler.is_compiling()

    def recording(self) -> bool:
        """Whether autograd is on."""
        return torch.is_grad_enabled()

    def number(self, value: Any) -> bool:
        """Keras infers shapes with tensors that have no numbers."""
        if isinstance(value, Tensor):
            return value.device.type != "meta" and value.layout == torch.strided
        return isinstance(value, np.ndarray)

    def array(self, value: Any) -> NDArray[Any]:
        """The numbers; of bfloat16 as float32."""
        if not isinstance(value, Tensor):
            return np.asarray(value)
        value = value.detach()
        plain = value.float() if value.dtype == torch.bfloat16 else value
        found: NDArray[Any] = plain.cpu().numpy()
        return found

    def held(self, value: Any) -> Any:
        """A tensor that keeps no graph alive."""
        return value.detach() if isinstance(value, Tensor) else value

    def fetch(self, scalars: Sequence[Any]) -> list[float]:
        """One wait for all of them."""
        if scalars and all(isinstance(s, Tensor) and not s.ndim for s in scalars):
            stacked = torch.stack([s.to("cpu", torch.float64) for s in scalars])
            return [float(v) for v in stacked.tolist()]
        return [float(s.mean() if isinstance(s, Tensor) else s) for s in scalars]

    def copies(self, variables: Sequence[Any]) -> list[Any]:
        """Clones."""
        return [v.value.detach().clone() for v in variables]

    def norms(self, tensors: Sequence[Any]) -> list[float]:
        """All of them in one call."""
        held = [t.detach() for t in tensors]
        dense = [t.coalesce().values() if t.is_sparse else t for t in held]
        return self.fetch(list(torch._foreach_norm(dense))) if dense else []

    def moved(self, variables: Sequence[Any], before: Sequence[Any]) -> list[float]:
        """The norms of the differences."""
        pairs = zip(variables, before, strict=True)
        return self.norms([v.value.detach() - b for v, b in pairs])

    def seed(self) -> dict[str, int]:
        """PyTorch's."""
        return {"torch": torch.initial_seed()}


BACKEND = OnTorch()
