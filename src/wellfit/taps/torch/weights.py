"""Gradients, weights and updates, by parameter, at the steps that are looked at."""

import torch
from torch import Tensor

from wellfit.taps.torch.numbers import fetch, norms

MOST_COPIED = 1 << 28  # bytes of weights copied to see an update: 256 MiB


class WeightsLook:
    """One step of one optimizer, seen from just before it to just after it.

    Made before the step, with the parameters by name; `after` gives the signals.
    """

    def __init__(self, parameters: dict[str, Tensor]) -> None:
        self._graded = {
            name: p.grad.detach()
            for name, p in parameters.items()
            if p.grad is not None
        }
        self._gradients = norms(list(self._graded.values()))
        # A bias starts at zero, where a change relative to it says nothing.
        wide = {n: p.detach() for n, p in parameters.items() if p.ndim > 1}
        self._weights = _afford(wide)
        self._before = [w.clone() for w in self._weights.values()]

    def after(self) -> dict[str, float]:
        """The step's signals by name; called once the optimizer has stepped."""
        sizes = norms(self._before)
        changes = norms(
            [w - b for w, b in zip(self._weights.values(), self._before, strict=True)]
        )
        numbers = fetch([*self._gradients, *sizes, *changes])
        count, wide = len(self._gradients), len(sizes)
        gradients = dict(zip(self._graded, numbers[:count], strict=True))
        weights = dict(zip(self._weights, numbers[count : count + wide], strict=True))
        moved = dict(zip(self._weights, numbers[count + wide :], strict=True))
        found = {"grad_norm": _length(gradients), "weight_norm": _length(weights)}
        found |= {f"grad_norm@{n}": v for n, v in gradients.items()}
        found |= {f"weight_norm@{n}": v for n, v in weights.items()}
        if found["weight_norm"]:
            found["update_ratio"] = _length(moved) / found["weight_norm"]
        found |= {
            f"update_ratio@{n}": moved[n] / weight
            for n, weight in weights.items()
            if weight
        }
        return found


def _length(norms_by_name: dict[str, float]) -> float:
    return float(sum(v * v for v in norms_by_name.values()) ** 0.5)


def _afford(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """As many of the weights, spread over the depth, as may be copied."""
    total = sum(w.nbytes for w in weights.values())
    stride = max(1, -(-total // MOST_COPIED))
    kept, spent = {}, 0
    for name in list(weights)[::stride]:
        if spent + weights[name].nbytes <= MOST_COPIED:
            kept[name] = weights[name]
            spent += weights[name].nbytes
    return kept


def gradient_norm(parameters: list[Tensor]) -> Tensor | None:
    """The L2 norm of all gradients together; None where there are none."""
    found = norms([p.grad.detach() for p in parameters if p.grad is not None])
    return torch.stack(found).norm() if found else None
