"""What every exporter is: it takes what is new of a run, and in the end the rest."""

from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from wellfit.core.errors import BadSetting, MissingExtra
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run


class Exporter(ABC):
    """A tool that a run is written for.

    It is made before the training begins: what is wrong with `place`, or missing, is
    said then. `place` is what stands after `=` in `--to tool=place`, or empty; `live`
    is false for a run that is over. From then on one thread calls it, and no other.
    Whatever it raises ends this export, with one line, and nothing else.
    """

    name: ClassVar[str]  # as after --to, and of the extra that brings the library
    title: ClassVar[str]  # as people write it
    library: ClassVar[str]  # the module that must be there
    takes_place: ClassVar[str] = ""  # what `place` may be; empty where it may not
    judged: ClassVar[bool] = False  # whether `judge` is called while the run goes on

    def __init__(self, place: str = "", *, live: bool = False) -> None:
        if find_spec(self.library) is None:
            raise MissingExtra(f"--to {self.name}", extra=self.name)
        if place and not self.takes_place:
            raise BadSetting(f"--to {self.name} takes no place; got {place!r}")
        self.place = place
        self.live = live

    @abstractmethod
    def update(self, new: Run) -> None:
        """Write what has come: all the facts, and the new values and events alone."""

    def judge(self, run: Run, diagnosis: Diagnosis) -> None:
        """Take what the rules say of a run that still goes on, where that is shown."""
        raise NotImplementedError

    @abstractmethod
    def finish(self, run: Run, diagnosis: Diagnosis, report: Path | None) -> str:
        """The run is over: write what is said of it, and say where it can be seen.

        All its values have been given to `update`; `report` is its HTML file.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back what is held: called once, whatever has become of the rest."""
