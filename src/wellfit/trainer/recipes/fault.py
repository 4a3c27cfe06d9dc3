"""What is wrong with a recipe: a sentence, and the place that it is about."""

from collections.abc import Iterable
from dataclasses import dataclass

from wellfit.core.text import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is wrong with the value, or the key, at a place."""

    place: Place
    text: str


def dotted(place: Iterable[str | int]) -> str:
    """A place as `--set` has it.

    >>> dotted(("schedule", 0, "floor"))
    'schedule.0.floor'
    """
    return ".".join(map(str, place))
