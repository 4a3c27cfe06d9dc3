"""Heat maps: layers down the side in forward order, steps along the bottom."""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wellfit.core.run import Signal
from wellfit.show.report.parts import Chart, plain

COLUMNS, ROWS = 120, 48  # as many as can be told apart on a screen

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]
Unit = Literal["power", "share"]  # of ten; of one


def edges(signals: Iterable[Signal], end: int) -> Steps:
    """Where each column begins: an equal number of looks to each; the last until `end`.

    `end` is the number of steps that were done.
    """
    looks = np.unique(np.concatenate([signal.steps for signal in signals]))
    starts = looks[:: -(-len(looks) // COLUMNS)]
    return np.append(starts, max(looks[-1] + 1, end))


def means(signal: Signal, bounds: Steps, *, squared: bool = False) -> Floats:
    """The mean of the values, or of their squares, in each column; NaN for none."""
    column = np.searchsorted(bounds, signal.steps, side="right") - 1
    values = np.square(signal.values) if squared else signal.values
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        sums = np.bincount(column, values, len(bounds) - 1)
        mean: Floats = sums / np.bincount(column, minlength=len(bounds) - 1)
    return mean


def heat_chart(
    name: str,
    title: str,
    layers: Sequence[str],
    values: Floats,
    bounds: Steps,
    *,
    unit: Unit,
    note: str = "",
) -> Chart:
    """A heat map of `values` (layers × columns); more layers than fit are averaged."""
    folded, known = _folded(layers, values)
    low, high = (0.0, 1.0) if unit == "share" else _ends(known)
    shown = np.where(known == np.inf, np.nan, known)  # while log 0 is the lowest colour
    blank = " Blank: not recorded, or not finite." if np.isnan(shown).any() else ""
    return Chart(
        id=name,
        title=title,
        note=f"{note}{blank}".strip(),
        label=f"Heat map, layers by step: {title}. {_in_words(folded, shown, unit)}",
        spec={
            "kind": "heat",
            "unit": unit,
            "rows": folded,
            "edges": bounds.tolist(),
            "values": [plain(row, 3) for row in np.clip(shown, low, high)],
            "domain": [low, high],
        },
    )


def _folded(layers: Sequence[str], values: Floats) -> tuple[list[str], Floats]:
    size = -(-len(layers) // ROWS)
    if size == 1:
        return list(layers), values
    groups = [slice(at, at + size) for at in range(0, len(layers), size)]
    names = [f"{layers[g][0]} … {layers[g][-1]}" for g in groups]
    return names, np.array([values[g].mean(axis=0) for g in groups])


def _ends(values: Floats) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = np.percentile(finite, [1, 99])
    return float(np.floor(low)), float(max(np.ceil(high), np.floor(low) + 1))


def _in_words(layers: Sequence[str], values: Floats, unit: Unit) -> str:
    finite = np.where(np.isfinite(values), values, np.nan)
    known: NDArray[np.bool_] = np.any(np.isfinite(finite), axis=1)
    if not known.any():
        return "No value is finite."
    medians = np.where(known, np.nanmedian(np.where(known[:, None], finite, 0), 1), 0)
    text = [f"{v:.0%}" if unit == "share" else f"1e{v:.0f}" for v in medians]
    first, last = np.flatnonzero(known)[[0, -1]]
    return f"Median {text[first]} in {layers[first]}, {text[last]} in {layers[last]}."
