"""A scikit-learn estimator in a file of skops: no pickle, and only known types."""

import sys
from collections.abc import Collection
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

# skops asks scikit-learn for all its modules, and this one of them loads PyTorch: for
# seconds, and for nothing. A name that is None in `sys.modules` cannot be imported,
# which scikit-learn takes for PyTorch's absence.
TORCH = "sklearn.externals.array_api_compat.torch"


@cache
def _skops() -> Any:
    if TORCH in sys.modules:
        return import_module("skops.io")
    sys.modules[TORCH] = None  # type: ignore[assignment]
    try:
        return import_module("skops.io")
    finally:
        del sys.modules[TORCH]


def write(estimator: Any, path: Path) -> None:
    """Write the estimator."""
    _skops().dump(estimator, path)


def read(path: Path, *, trusted: Collection[str], wanted: Collection[type]) -> Any:
    """Read an estimator of one of these types; `ValueError` where it is anything else.

    skops itself vouches for scikit-learn's and NumPy's types; beside them nothing but
    what is `trusted` is let in.
    """
    skops = _skops()
    foreign = set(skops.get_untrusted_types(file=path)) - set(trusted)
    if foreign:
        listed = ", ".join(sorted(foreign))
        raise ValueError(f"{path.name} holds foreign types: {listed}")
    estimator = skops.load(path, trusted=list(trusted))
    if type(estimator) not in wanted:
        raise ValueError(f"{path.name} holds a {type(estimator).__name__}")
    return estimator
