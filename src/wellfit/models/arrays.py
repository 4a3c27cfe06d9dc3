"""Arrays in a file of NumPy's own: numbers alone, and nothing that could be run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = {"i": np.int64, "f": np.float64}


def write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write them to an `.npz`."""
    np.savez(path, allow_pickle=False, **arrays)


def read(path: Path, forms: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """Read what `write` wrote: by name, whole or real numbers, of so many dimensions.

    A form is `i1` for a row of whole numbers, `f2` for a matrix of real ones, and so
    on. `ValueError` for anything else, and for NaN.
    """
    with np.load(path, allow_pickle=False) as file:
        if set(file.files) != set(forms):
            raise ValueError(f"{path.name} has not the arrays {', '.join(forms)}")
        found = {name: file[name] for name in forms}
    for name, form in forms.items():
        array = found[name]
        if array.dtype.kind != form[0] or array.ndim != int(form[1:]):
            raise ValueError(f"{path.name} has another {name} than was expected")
        if np.isnan(array).any():
            raise ValueError(f"{path.name} has NaN among its {name}")
        found[name] = array.astype(KINDS[form[0]])
    return found
