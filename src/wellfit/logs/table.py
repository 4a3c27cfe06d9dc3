"""Any table of numbers by step: CSV, TSV, columns parted by spaces; JSON lines."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from wellfit.core.errors import BadLog
from wellfit.logs import delimited
from wellfit.logs.names import meaning
from wellfit.logs.peek import Peek
from wellfit.logs.position import EPOCHS, ROUNDS, STEPS
from wellfit.logs.rows import gather
from wellfit.logs.source import Format, Source

COUNTED = {*STEPS, *EPOCHS, *ROUNDS}
DEEPEST = 4  # levels of a JSON object whose numbers are taken


class CsvTable(Format):
    """A table whose columns nobody said anything about: they are guessed, and shown."""

    name: ClassVar = "CSV table"

    def claims(self, peek: Peek) -> bool:
        """Names above numbers; in a folder, names that a training's log would have."""
        names = peek.columns[0]
        enough = peek.named and len(peek.lines) > 1
        return bool(names) and (enough or speaks_of_training(names))

    def read(self, peek: Peek) -> Iterable[Source]:
        """Its numeric columns, by whatever counts its rows."""
        yield from_rows(self.name, peek, delimited.rows(peek))


class JsonLines(Format):
    """An object a line."""

    name: ClassVar = "JSON lines"

    def claims(self, peek: Peek) -> bool:
        """Two objects on two lines; in a folder, with names of a training."""
        if not peek.streamed:
            return False
        names = [n for row in flat_lines(peek.lines[:100]) for n in row]
        return peek.named or speaks_of_training(names)

    def read(self, peek: Peek) -> Iterable[Source]:
        """The numbers of each object, those of objects within it too."""
        with peek.path.open(encoding=peek.encoding, errors="replace") as file:
            lines = delimited.lines(file, peek.path)
            yield from_rows(self.name, peek, flat_lines(lines))


def from_rows(
    format_name: str, peek: Peek, rows: Iterable[Mapping[str, Any]], **known: Any
) -> Source:
    """What rows hold; `BadLog` where there is no number in them."""
    found = gather(rows)
    if not any(len(curve) for curve in found.curves.values()):
        raise BadLog(
            f"{peek.path} has no numbers in it, only the names of columns; expected a "
            "row for each step or epoch"
        )
    return Source(
        format=format_name,
        files=(peek.path,),
        home=peek.path.parent,
        curves=found.curves,
        unit=found.axis.unit,
        left=found.left,
        notes=found.notes,
        **known,
    )


def speaks_of_training(names: Iterable[str]) -> bool:
    """Whether columns of these names are a training's: something counted, and a loss.

    So that no table of data is taken for one.
    """
    given = list(dict.fromkeys(names))
    lowered = {name.strip().lower().replace(" ", "_") for name in given}
    meant = [m for name in given if (m := meaning(name)) is not None]
    losses = [m for m in meant if m.name.name.endswith("loss")]
    known = [m for m in meant if m.known]
    return bool(lowered & COUNTED and (losses or known)) or (
        len(losses) > 1 and len({m.name.phase for m in losses}) > 1
    )


def flat_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Each line's object, flat; a line that is none (the last, cut off) is left out."""
    for line in lines:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            yield flat(said)


def flat(data: Mapping[str, Any], deepest: int = DEEPEST) -> dict[str, Any]:
    """The plain values of an object, those within objects under `outer/inner`."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            if deepest > 1:
                inner = flat(value, deepest - 1)
                found |= {f"{name}/{below}": v for below, v in inner.items()}
        elif not isinstance(value, list):
            found[str(name)] = value
    return found
