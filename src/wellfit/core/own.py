"""`package.module:factory`: a model, a data set or a loss of the user's own.

A recipe that is read runs nothing of it: it is imported when training starts.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from wellfit.core.errors import BadSetting, nearest

FORM = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def is_own(name: str) -> bool:
    """Whether a name is of that form; a drive's letter before a path is not.

    >>> [is_own(name) for name in ("nets.small:build", "mlp", "C:/data.csv")]
    [True, False, False]
    """
    return FORM.fullmatch(name) is not None


def imported(name: str, *, key: str, folder: Path) -> Callable[..., Any]:
    """The factory of that name, with `folder` among the places to look in.

    `key` says where in the recipe it stands. `BadSetting` where it is not to be had:
    what was looked for, and where.
    """
    module, _, attribute = name.partition(":")
    with _looking_in(folder):
        found = _module(module, name, key, folder)
    for part in attribute.split("."):
        if not hasattr(found, part):
            there = [n for n in vars(found) if not n.startswith("_")]
            raise BadSetting(
                f"{key} names {name!r}: {module} has no {part!r}{nearest(part, there)}"
            )
        found = getattr(found, part)
    if not callable(found):
        raise BadSetting(
            f"{key} names {name!r}, which is a {type(found).__name__}: a function or a "
            "class was expected, that gives what is asked for when it is called"
        )
    made: Callable[..., Any] = found
    return made


def parameters_of(factory: Callable[..., Any]) -> frozenset[str]:
    """The names of what it can be called with; none where that cannot be told."""
    try:
        return frozenset(inspect.signature(factory).parameters)
    except (TypeError, ValueError):  # as of some classes that are written in C
        return frozenset()


def _module(module: str, name: str, key: str, folder: Path) -> Any:
    try:
        return import_module(module)
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module}.".startswith(f"{missing}."):
            raise BadSetting(
                f"{key} names {name!r}: there is no module {missing!r}, neither in "
                f"{folder} nor among the installed ones"
            ) from error
        raise BadSetting(
            f"{key} names {name!r}: importing {module} failed with "
            f"{type(error).__name__}: {error}"
        ) from error


@contextmanager
def _looking_in(folder: Path) -> Iterator[None]:
    before = list(sys.path)
    sys.path.insert(0, str(folder.resolve()))
    try:
        yield
    finally:
        sys.path[:] = before
