"""What a format gives: the numbers and settings of one training, as it names them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from wellfit.logs.curve import Curve
from wellfit.logs.peek import Peek


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Source:
    """One log, read: curves and settings under the names that it gives them.

    `home` is the folder of the training it tells of, and `run` a name within it where
    one file tells of several, or names the one. `unit` says what its steps are: `step`
    (of the optimizer), `epoch`, `round`, `row`. `names` maps some of its names to
    ours, where the format leaves no doubt; the others are guessed. `left` are columns
    that were not taken; `facts` are ours already. One that is `alone` is a training of
    its own, whatever stands beside it.
    """

    format: str
    files: tuple[Path, ...]
    home: Path
    run: str = ""
    curves: Mapping[str, Curve] = field(default_factory=dict)
    unit: str = "step"
    names: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False

    @property
    def points(self) -> int:
        """How many numbers it holds."""
        return sum(len(curve) for curve in self.curves.values())


class Format(ABC):
    """A form of logs: knows its own by what is in them, and reads them."""

    name: ClassVar[str]

    @abstractmethod
    def claims(self, peek: Peek) -> bool:
        """Whether this file is of this form, by its first bytes."""

    @abstractmethod
    def read(self, peek: Peek) -> Iterable[Source]:
        """Read it; `BadLog` where nothing in it can be read."""
