"""Functions of a framework, replaced by ones that tell us of the call; and put back."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

MISSING: Any = object()  # the owner had no such attribute of its own


class Patches:
    """Attributes replaced while a tap is attached."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Put `make(original)` in the place of `owner.name`.

        Where a class inherited the attribute, it is gone from it after `restore`.
        """
        original = getattr(owner, name)
        wrapped = functools.wraps(original)(make(original))
        own = vars(owner).get(name, MISSING)
        self._replaced.append((owner, name, own, wrapped))
        setattr(owner, name, wrapped)

    def restore(self) -> None:
        """Put every original back, unless somebody patched over us since then."""
        while self._replaced:
            owner, name, own, wrapped = self._replaced.pop()
            if vars(owner).get(name) is wrapped:
                _put(owner, name, own)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Within it the originals are in place."""
        ours = [r for r in self._replaced if vars(r[0]).get(r[1]) is r[3]]
        for owner, name, own, _ in ours:
            _put(owner, name, own)
        try:
            yield
        finally:
            for owner, name, _, wrapped in ours:
                setattr(owner, name, wrapped)


def _put(owner: Any, name: str, own: Any) -> None:
    if own is MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, own)
