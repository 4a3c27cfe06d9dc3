"""Rows to train on, to validate on, and to score on honestly, once."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BESIDE = Path(__file__).resolve().parents[4] / "shared" / "data"  # beside the project
SHARED = Path(os.environ.get("WELLFIT_DATA") or BESIDE)


class Missing(Exception):
    """Real data that are not on this machine."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Data:
    """The three parts; `ideal` is what the best predictor there is says of the test.

    It is known only where the data were made up: class probabilities, or numbers.
    """

    x: Array
    y: Array
    x_val: Array
    y_val: Array
    x_test: Array
    y_test: Array
    ideal: Array | None = None


def split(
    x: Array,
    y: Array,
    rows: int,
    *,
    val: int,
    seed: int,
    ideal: Array | None = None,
    scale: bool = False,
) -> Data:
    """Shuffled parts: so many rows, `val` to validate on, all the rest to test.

    With `scale` columns are standardised by what is trained on, as they should be.
    """
    order = np.random.default_rng(seed).permutation(len(x))
    test, valid, train = np.split(order, [len(x) - rows - val, len(x) - rows])
    if scale:
        mean, std = x[train].mean(0), x[train].std(0)
        x = (x - mean) / np.where(std > 0, std, 1)
    x = x.astype(np.float32) if x.dtype.kind == "f" else x
    return Data(
        x=x[train],
        y=y[train],
        x_val=x[valid],
        y_val=y[valid],
        x_test=x[test],
        y_test=y[test],
        ideal=None if ideal is None else ideal[test],
    )


def shared(*parts: str) -> Path:
    """A file of the real data; `Missing` where it is not there."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        raise Missing(f"no {path}: set WELLFIT_DATA to the folder with the real data")
    return path
