"""Functions of a framework, replaced by ones that tell us of the call; and put back."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

MISSING: Any = object()  # the owner had no such attribute of its own

# The file that code claims to be from whose frames are not to be seen. Python leaves
# out frames of its import machinery, told by these two words, where it counts the
# `stacklevel` of a warning: the warning then appears at the line that it is meant for.
UNSEEN = "<frozen importlib._bootstrap of wellfit>"


def unseen(function: Any) -> Any:
    """The function, its frame passed over where a warning's place is counted."""
    function.__code__ = function.__code__.replace(co_filename=UNSEEN)
    return function


class Patches:
    """Attributes replaced while a tap is attached."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Put `make(original)` in the place of `owner.name`.

        Where a class inherited the attribute, it is gone from it after `restore`.
        """
        original = getattr(owner, name)
        self.put(owner, name, functools.wraps(original)(make(original)))

    def put(self, owner: Any, name: str, wrapped: Any) -> None:
        """Put that in the place of `owner.name`: a function, or a descriptor."""
        own = vars(owner).get(name, MISSING)
        self._replaced.append((owner, name, own, wrapped))
        setattr(owner, name, wrapped)

    def restore(self) -> None:
        """Put every original back, unless somebody patched over us since then."""
        while self._replaced:
            owner, name, own, wrapped = self._replaced.pop()
            if vars(owner).get(name) is wrapped:
                _put(owner, name, own)

    @property
    def outermost(self) -> bool:
        """Whether nobody has patched over us."""
        return all(
            vars(o).get(name) is wrapped for o, name, _, wrapped in self._replaced
        )

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
