"""A matrix of features, as a model takes it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

View = Literal["dense", "coded", "pictures"]
Matrix = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """A matrix of rows by features; `categorical` are the places of codes.

    Of pictures `x` has their bytes, rows by height, width and channels; `lacking` are
    the rows whose picture cannot be read.
    """

    x: NDArray[Any]
    names: tuple[str, ...]
    categorical: tuple[int, ...] = ()
    lacking: tuple[int, ...] = ()
