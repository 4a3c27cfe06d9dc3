"""Weights before and after a step, and its gradients, at the steps looked at."""

from typing import Any

from wellfit.taps.keras.backend import Backend

MOST_COPIED = 1 << 28  # bytes of weights copied to see an update: 256 MiB


class WeightsLook:
    """One step seen from just before it to just after it.

    Made before the step, with the variables by name; `after` gives the signals.
    """

    def __init__(self, variables: dict[str, Any], backend: Backend) -> None:
        self._backend = backend
        # A bias starts at zero, where a change relative to it says nothing.
        wide = {n: v for n, v in variables.items() if len(v.shape) > 1}
        self._wide = _afford(wide)
        self._before = backend.copies(list(self._wide.values()))

    def after(self) -> dict[str, float]:
        """The signals of the weights by name; called once the step is done."""
        sizes = self._backend.norms(self._before)
        changes = self._backend.moved(list(self._wide.values()), self._before)
        self._before = []
        weights = dict(zip(self._wide, sizes, strict=True))
        moved = dict(zip(self._wide, changes, strict=True))
        if not weights:
            return {}
        found = {"weight_norm": length(weights)}
        found |= {f"weight_norm@{n}": v for n, v in weights.items()}
        if found["weight_norm"]:
            found["update_ratio"] = length(moved) / found["weight_norm"]
        ratios = {n: moved[n] / w for n, w in weights.items() if w}
        return found | {f"update_ratio@{n}": v for n, v in ratios.items()}


def gradient_norms(gradients: dict[str, Any], backend: Backend) -> dict[str, float]:
    """The signals of gradients by the names of their variables."""
    found = {n: g for n, g in gradients.items() if g is not None}
    norms = dict(zip(found, backend.norms(list(found.values())), strict=True))
    if not norms:
        return {}
    signals = {f"grad_norm@{n}": v for n, v in norms.items()}
    return {"grad_norm": length(norms)} | signals


def length(norms: dict[str, float]) -> float:
    """The norm of several tensors together."""
    return float(sum(v * v for v in norms.values()) ** 0.5)


def _afford(weights: dict[str, Any]) -> dict[str, Any]:
    """As many of the weights, spread over the depth, as may be copied."""
    sizes = {name: 4 * _elements(w) for name, w in weights.items()}
    stride = max(1, -(-sum(sizes.values()) // MOST_COPIED))
    kept, spent = {}, 0
    for name in list(weights)[::stride]:
        if spent + sizes[name] <= MOST_COPIED:
            kept[name] = weights[name]
            spent += sizes[name]
    return kept


def _elements(variable: Any) -> int:
    size = 1
    for extent in variable.shape:
        size *= int(extent)
    return size
