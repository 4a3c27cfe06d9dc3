"""Activations, by layer, from what the layers gave at a look."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW = 10  # looks without a sign of life after which a unit counts as dead
EDGE = 0.025  # of the range, at either end: where the slope is under a tenth of its
# greatest (sigmoid: 0.024 of 0.25; tanh: 0.0975 of 1)
MOST_VALUES = 1 << 16  # of a layer's activations looked at in one step


class Activations:
    """What passes through layers; remembers for how long each unit was silent."""

    def __init__(self) -> None:
        self._silent: dict[str, NDArray[np.int64]] = {}
        self._looks: dict[str, int] = {}

    def see(self, name: str, kind: str | None, out: NDArray[Any]) -> dict[str, float]:
        """The signals of one layer's outputs; `kind` is the activation it ends in."""
        if out.dtype.kind != "f" or out.ndim < 2 or not out.size:
            return {}
        rows = max(1, MOST_VALUES // max(1, out[0].size))
        some = out[:: -(-len(out) // rows)].astype(np.float32)
        found = {
            f"activation_mean@{name}": float(some.mean()),
            f"activation_std@{name}": float(some.std()),
        }
        if kind == "relu":
            alive = some != 0
            found[f"zero_share@{name}"] = float(1 - alive.mean())
            found[f"dead_share@{name}"] = self._dead(name, alive)
        elif kind is not None:
            low = 0.0 if kind == "sigmoid" else -1.0
            margin = EDGE * (1 - low)
            beyond = (some < low + margin) | (some > 1 - margin)
            found[f"saturated_share@{name}"] = float(beyond.mean())
        return found

    def _dead(self, name: str, alive: NDArray[np.bool_]) -> float:
        woken = alive.any(tuple(range(alive.ndim - 1)))  # Keras keeps units last
        silent = self._silent.get(name)
        if silent is None or silent.shape != woken.shape:
            silent, self._looks[name] = np.zeros(woken.shape, dtype=np.int64), 0
        self._looks[name] += 1
        self._silent[name] = silent = np.where(woken, 0, silent + 1)
        return float((silent >= min(WINDOW, self._looks[name])).mean())
