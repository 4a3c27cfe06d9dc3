"""Amounts of memory and time, of a run and in words."""

import numpy as np

from wellfit.core.run import Run, Signal

UNITS = {"b": 0, "k": 1, "m": 2, "g": 3, "t": 4}
MOMENTS = {"adam": 2, "adamw": 2, "nadam": 2, "radam": 2, "adamax": 2, "lamb": 2}


def readable(amount: float) -> str:
    """Bytes in words.

    >>> readable(2 * 2**30), readable(300_000)
    ('2.0 GiB', '293 KiB')
    """
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if abs(amount) < 1024:
            return f"{amount:.{0 if abs(amount) >= 10 else 1}f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def in_bytes(number: str, unit: str) -> float:
    """Bytes, from a number and its unit as they stand in a message.

    >>> in_bytes("2.00", "GiB") == 2 * 2**30
    True
    """
    return float(number.rstrip(".")) * 1024.0 ** UNITS[unit[0].lower()]


def latest(run: Run, name: str) -> float | None:
    """The last value of a signal, or the sum over its places: of all GPUs."""
    whole = run.get(name)
    parts = [whole] if whole is not None else list(run.at(name).values())
    known = [s.last for s in parts if len(s)]
    return float(sum(known)) if known else None


def model_states(run: Run) -> float:
    """Bytes of parameters, gradients and optimizer states in 32 bits; 0 if unknown."""
    model = run.facts.get("model") or {}
    optimizer = run.facts.get("optimizer") or {}
    every, trained = model.get("parameters") or 0, model.get("trainable") or 0
    kind = str(optimizer.get("kind") or "").lower()
    groups = optimizer.get("groups") or [{}]
    moments = MOMENTS.get(kind, 1 if groups[0].get("momentum") else 0)
    return 4.0 * (every + trained * (1 + moments))


def per_step(run: Run, name: str, after: int) -> float | None:
    """What a step takes of it in the mean, of the steps from `after` on.

    Each value is the mean over the steps since the one before it.
    """
    signal = run.get(name)
    if signal is None or len(signal := signal.finite()) < 2:
        return None
    spans = np.diff(signal.steps, prepend=-1).astype(float)
    late = (signal.steps > after) & (spans > 0)
    if not late.any():
        return None
    return float(np.average(signal.values[late], weights=spans[late]))


def typical(signal: Signal | None, after: int) -> float | None:
    """The median of the values at steps from `after` on."""
    if signal is None:
        return None
    late = signal.values[(signal.steps >= after) & np.isfinite(signal.values)]
    return float(np.median(late)) if len(late) else None
