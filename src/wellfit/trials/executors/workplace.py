"""Where a trial works: a mirror of the folder that the script would be run in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wellfit.taps.mirrors import Mirror

FILES = "files"  # in the trial's folder: what the script writes


@dataclass(frozen=True, kw_only=True, slots=True)
class Workplace:
    """The working folder of a trial, and the command line as it is there."""

    mirror: Mirror
    cwd: Path
    words: tuple[str, ...]

    @classmethod
    def made(cls, folder: Path, words: Sequence[str], *, module: bool) -> "Workplace":
        """That of a trial in a folder; a script beside the working folder stays."""
        here = Path.cwd()
        mirror = Mirror.made(folder / FILES, here)
        cwd, first = Path(mirror.here(here)), words[0]
        script = Path(first).absolute()
        inside = not module and Path(mirror.of) in script.parents
        if inside and script.is_file():
            mirror.loosen(mirror.here(script.parent), whole=True)
            mirror.loosen(mirror.here(script))
            first = mirror.here(script) if Path(first).is_absolute() else first
        return cls(mirror=mirror, cwd=cwd, words=(first, *words[1:]))

    @property
    def settings(self) -> dict[str, Any]:
        """What the process of the script is told of it."""
        mirror = {"top": self.mirror.top, "of": self.mirror.of}
        return {"mirror": mirror, "cwd": str(self.cwd)}

    def clear(self) -> None:
        """Keep what the script has written, and nothing else."""
        self.mirror.clear()
