"""Functions of PyTorch, replaced by ones that tell us of the call; and put back."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Patches:
    """Attributes replaced while a tap is attached."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Put `make(original)` in the place of `owner.name`."""
        original = getattr(owner, name)
        wrapped = functools.wraps(original)(make(original))
        self._replaced.append((owner, name, original, wrapped))
        setattr(owner, name, wrapped)

    def restore(self) -> None:
        """Put every original back, unless somebody patched over us since then."""
        while self._replaced:
            owner, name, original, wrapped = self._replaced.pop()
            if getattr(owner, name) is wrapped:
                setattr(owner, name, original)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Within it the originals are in place."""
        ours = [r for r in self._replaced if getattr(r[0], r[1]) is r[3]]
        for owner, name, original, _ in ours:
            setattr(owner, name, original)
        try:
            yield
        finally:
            for owner, name, _, wrapped in ours:
                setattr(owner, name, wrapped)
