"""A framework's function with something before or after it, unseen as far as can be.

Neither tracebacks nor the places of warnings show that it is not the original.
"""

from collections.abc import Callable
from typing import Any

from wellfit.taps.patches import unseen

Make = Callable[[Any], Any]


def _cut(error: BaseException) -> None:
    """Take the calling function's line out of the traceback; to be raised again."""
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next


def followed(then: Callable[..., None]) -> Make:
    """`then(result, *args, **kwargs)` after each call that returns."""

    def make(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                _cut(error)
                raise
            then(result, *args, **kwargs)
            return result

        return unseen(call)

    return make


def preceded(first: Callable[..., None]) -> Make:
    """`first(self)` before each call of a method."""

    def make(original: Any) -> Any:
        def call(this: Any, *args: Any, **kwargs: Any) -> Any:
            first(this)
            try:
                return original(this, *args, **kwargs)
            except BaseException as error:
                _cut(error)
                raise

        return unseen(call)

    return make


def around(begin: Callable[[], None], end: Callable[[Any], None]) -> Make:
    """`begin()` before and `end(result)` after; of a call that raises, `end(None)`."""

    def make(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            begin()
            result = None
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                _cut(error)
                raise
            finally:
                end(result)
            return result

        return unseen(call)

    return make


def once(make: Make) -> Make:
    """One and the same wrapped function wherever the same original stands.

    A function that is pickled is looked up where it was defined, and must be it.
    """
    made: dict[Any, Any] = {}

    def same(original: Any) -> Any:
        if original not in made:
            made[original] = make(original)
        return made[original]

    return same
