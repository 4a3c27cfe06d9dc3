"""A history in JSON: `{"loss": [0.9, 0.5], "val_loss": [0.95, 0.7]}`, and its kin."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from wellfit.core.errors import BadLog
from wellfit.logs import salvage
from wellfit.logs.curve import Curve, curve
from wellfit.logs.names import meaning
from wellfit.logs.peek import Peek
from wellfit.logs.position import EPOCHS, STEPS
from wellfit.logs.rows import gather, is_missing, number
from wellfit.logs.source import Format, Source
from wellfit.logs.table import flat, speaks_of_training

DEEPEST = 3


class History(Format):
    """Lists of numbers by name, as Keras's `History.history` has them."""

    name: ClassVar = "JSON history"

    def claims(self, peek: Peek) -> bool:
        """An object of lists; in a folder, one with a loss among them."""
        if not peek.text.lstrip("\ufeff \t\r\n").startswith("{") or peek.streamed:
            return False
        found = numbered(peek.json)
        if peek.json is None:
            found = salvage.lists(peek.text)
        return bool(found) and (peek.named or _has_result(found))

    def read(self, peek: Peek) -> Iterable[Source]:
        """Each list as a curve; by the list of steps or epochs, if there is one."""
        said = numbered(peek.json)
        notes: tuple[str, ...] = ()
        if peek.json is None:
            text = peek.path.read_text(peek.encoding, errors="replace")
            said = salvage.lists(text)
            notes = ("the file is damaged: read up to there",)
        curves, unit = by_their_axis(said)
        if not curves:
            raise BadLog(f"{peek.path} has lists, but no numbers in them")
        yield Source(
            format=self.name,
            files=(peek.path,),
            home=peek.path.parent,
            curves=curves,
            unit=unit,
            notes=notes,
        )


class Records(Format):
    """A list of objects: `[{"step": 0, "loss": 2.3}, …]`, or one under a name."""

    name: ClassVar = "JSON records"

    def claims(self, peek: Peek) -> bool:
        """Such a list; in a folder, with names of a training."""
        rows = _rows(peek)
        names = [name for row in rows[:100] for name in row]
        return bool(names) and (peek.named or speaks_of_training(names))

    def read(self, peek: Peek) -> Iterable[Source]:
        """The numbers of each object."""
        found = gather(_rows(peek))
        if not found.curves:
            raise BadLog(f"{peek.path} has a list of objects, but no numbers in them")
        yield Source(
            format=self.name,
            files=(peek.path,),
            home=peek.path.parent,
            curves=found.curves,
            unit=found.axis.unit,
            left=found.left,
            notes=found.notes,
        )


def numbered(
    said: Any, front: str = "", deepest: int = DEEPEST
) -> dict[str, list[float]]:
    """The lists of numbers in it, those within objects under `outer/inner`.

    An object of numbers by index, as pandas writes a column, is a list too.
    """
    found: dict[str, list[float]] = {}
    for name, value in said.items() if isinstance(said, Mapping) else ():
        full = f"{front}/{name}" if front else str(name)
        listed = _list(value)
        if listed is not None:
            found[full] = listed
        elif isinstance(value, Mapping) and deepest > 1:
            found |= numbered(value, full, deepest - 1)
    return found


def _list(value: Any) -> list[float] | None:
    if isinstance(value, Mapping) and value and all(str(k).isdigit() for k in value):
        value = [value[k] for k in sorted(value, key=int)]
    if not isinstance(value, list) or not value:
        return None
    # Keras may leave one-element lists, a logger may leave gaps.
    inner = [v[0] if isinstance(v, list) and len(v) == 1 else v for v in value]
    numbers = [number(v) for v in inner]
    odd = sum(
        n is None and not is_missing(v) for n, v in zip(numbers, inner, strict=True)
    )
    known = sum(n is not None for n in numbers)
    if odd or not known:
        return None
    return [float("nan") if n is None else n for n in numbers]


def by_their_axis(lists: Mapping[str, list[float]]) -> tuple[dict[str, Curve], str]:
    """The lists as curves, by a list of steps or epochs as long as they are."""
    for unit, known in (("step", STEPS), ("epoch", EPOCHS)):
        for name, steps in lists.items():
            if name.lower() in known and all(map(float.is_integer, steps)):
                whole = [int(step) for step in steps]
                alike = {n: v for n, v in lists.items() if len(v) == len(steps)}
                if len(alike) > 1:
                    alike.pop(name)
                    return {n: curve(v, whole) for n, v in alike.items()}, unit
    longest = max((len(v) for v in lists.values()), default=0)
    even = all(len(v) == longest for v in lists.values())
    return {n: curve(v) for n, v in lists.items()}, "epoch" if even else "row"


def _has_result(names: Iterable[str]) -> bool:
    meant = [m for name in names if (m := meaning(name)) is not None]
    return any(m.known or m.name.name.endswith("loss") for m in meant)


def _rows(peek: Peek) -> list[dict[str, Any]]:
    said = peek.json
    if isinstance(said, Mapping):  # {"history": [{…}, …]}
        said = next((v for v in said.values() if _is_records(v)), None)
    return [flat(row) for row in said] if _is_records(said) else []


def _is_records(said: Any) -> bool:
    return (
        isinstance(said, list) and bool(said) and all(isinstance(r, dict) for r in said)
    )
