"""Weights & Biases: the file of an offline run, and what its pages export.

`run-*.wandb` is a log in LevelDB's form (github.com/google/leveldb, doc/log_format.md)
after seven bytes of its own, of protocol buffers (wandb_internal.proto). It is read
without their library, without network, and nothing in it is run.
"""

import json
import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from wellfit.core.errors import BadLog
from wellfit.logs import delimited, wire
from wellfit.logs.peek import Peek
from wellfit.logs.position import Axis
from wellfit.logs.rows import gather
from wellfit.logs.source import Format, Source
from wellfit.logs.table import flat

BLOCK = 1 << 15
BEGINS = b":W&B"
HEADER = 7  # bytes of the file, and of each piece of a record
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
LONGEST = 1 << 24  # bytes of a record that is looked into
# Record, HistoryRecord, ConfigRecord, RunRecord: the numbers of their fields.
HISTORY, CONFIG, RUN = 2, 5, 17
ITEM, STEP, UPDATE, RUN_ID, RUN_CONFIG, RUN_NAME = 1, 2, 1, 1, 4, 8
KEY, NESTED, INTEGER, DOUBLE, JSON_VALUE = 1, 2, 5, 6, 16
EXPORTED = re.compile(r"(?P<run>.+) - (?P<name>.+?)(?P<end>__MIN|__MAX)?")


class WandB(Format):
    """`offline-run-…/run-….wandb`, and the same of runs that were synchronised."""

    name: ClassVar = "W&B run"

    def claims(self, peek: Peek) -> bool:
        """Four bytes at the beginning."""
        return peek.head.startswith(BEGINS)

    def read(self, peek: Peek) -> Iterable[Source]:
        """The history by step, and the config."""
        reader = _Reader()
        rows = reader.rows(peek.path)
        found = gather(rows, Axis(unit="step", column="_step"))
        folder = peek.path.parent
        yield Source(
            format=self.name,
            files=(peek.path,),
            home=_home(folder),
            alone=True,
            run=reader.name or reader.id or peek.path.stem.removeprefix("run-"),
            curves=_by_own_step(found.curves),
            settings=reader.config,
            left=found.left,
            notes=found.notes + tuple(reader.notes()),
        )


def _home(folder: Path) -> Path:
    """The project's folder: W&B puts each run into one of its own below `wandb`."""
    above = folder.parent
    return above.parent if above.name == "wandb" else folder


def _by_own_step(curves: Mapping[str, Any]) -> dict[str, Any]:
    """By the script's own `step`, where it logged one with every row."""
    kept = {n: c for n, c in curves.items() if not n.startswith("_")}
    for own in ("trainer/global_step", "train/global_step", "global_step", "step"):
        counted = kept.get(own)
        if counted is not None and len(counted) > 1:
            steps = dict(zip(counted.order.tolist(), counted.values, strict=True))
            placed = {n: _placed(c, steps) for n, c in kept.items() if n != own}
            if all(c is not None for c in placed.values()):
                return placed
    return kept


def _placed(curve: Any, steps: Mapping[int, float]) -> Any:
    found = [steps.get(order) for order in curve.order.tolist()]
    if any(step is None or not abs(step) < 2**62 for step in found):
        return None
    return replace(curve, steps=np.array(found, dtype=np.int64))


class _Reader:
    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.name = self.id = ""
        self._cut = False
        self._damaged = 0

    def rows(self, path: Path) -> Iterator[dict[str, Any]]:
        """Each row of the history, with its step."""
        try:
            with path.open("rb") as file:
                for record in self._records(file):
                    try:
                        yield from self._take(record)
                    except (wire.Broken, struct.error, TypeError):
                        self._damaged += 1
        except OSError as error:
            raise BadLog(f"{path} cannot be read: {error.strerror}") from error

    def notes(self) -> Iterator[str]:
        if self._cut:
            yield "the file is cut off within a record: read up to there"
        if self._damaged:
            yield f"{self._damaged} damaged records were passed over"

    def _records(self, file: BinaryIO) -> Iterator[bytes]:
        parts: list[bytes] = []
        held, begun = 0, False
        for kind, piece in self._pieces(file):
            if kind in (FULL, FIRST):
                parts, held, begun = [], 0, True
            if begun and held <= LONGEST:
                parts.append(piece)
                held += len(piece)
            if kind in (FULL, LAST) and begun:
                if held <= LONGEST:
                    yield b"".join(parts)
                parts, begun = [], False
        self._cut = self._cut or begun

    def _pieces(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        block = file.read(BLOCK)
        at = HEADER
        while block:
            while at + HEADER <= len(block):
                length, kind = struct.unpack_from("<HB", block, at + 4)
                end = at + HEADER + length
                if not kind and not length:  # the rest of the block is empty
                    break
                if end > len(block) or kind > LAST:
                    self._cut = len(block) < BLOCK
                    self._damaged += not self._cut
                    break
                yield kind, block[at + HEADER : end]
                at = end
            block, at = file.read(BLOCK), 0

    def _take(self, record: bytes) -> Iterator[dict[str, Any]]:
        for number, value in wire.fields(record):
            if not isinstance(value, bytes):
                continue
            if number == HISTORY:
                yield dict(_row(value))
            elif number == CONFIG:
                self._configure(value)
            elif number == RUN:
                self._introduce(value)

    def _introduce(self, message: bytes) -> None:
        for number, value in wire.fields(message):
            if isinstance(value, bytes) and number == RUN_CONFIG:
                self._configure(value)
            elif isinstance(value, bytes) and number == RUN_NAME:
                self.name = value.decode(errors="replace")
            elif isinstance(value, bytes) and number == RUN_ID:
                self.id = value.decode(errors="replace")

    def _configure(self, message: bytes) -> None:
        for item in wire.of(message, UPDATE):
            key, value = _item(item)
            if key and not key.startswith("_wandb"):
                self.config[key] = value


def _row(message: bytes) -> Iterator[tuple[str, Any]]:
    for number, value in wire.fields(message):
        if not isinstance(value, bytes):
            continue
        if number == ITEM:
            key, said = _item(value)
            if isinstance(said, Mapping):
                yield from flat({key: said}).items()
            else:
                yield key, said
        elif number == STEP:
            step = next((n for f, n in wire.fields(value) if f == 1), 0)
            yield "_step", step if isinstance(step, int) else 0


def _item(message: bytes) -> tuple[str, Any]:
    """A key, nested ones joined, and its value: JSON, or a plain number."""
    key, nested, said = "", [], None
    for number, value in wire.fields(message):
        if number == KEY and isinstance(value, bytes):
            key = value.decode(errors="replace")
        elif number == NESTED and isinstance(value, bytes):
            nested.append(value.decode(errors="replace"))
        elif number == JSON_VALUE and isinstance(value, bytes):
            said = _json(value)
        elif number == DOUBLE and isinstance(value, bytes):
            (said,) = struct.unpack("<d", value)
        elif number == INTEGER and isinstance(value, int):
            said = (value >> 1) ^ -(value & 1)  # sint64
    return key or "/".join(nested), said


def _json(value: bytes) -> Any:
    try:
        said = json.loads(value)
    except (ValueError, RecursionError):
        return None
    # What JSON has no number for is text: "NaN", "Infinity".
    return said


class WandBExport(Format):
    """The CSV of a chart: `Step`, then `run - metric` with its `__MIN` and `__MAX`."""

    name: ClassVar = "W&B export"

    def claims(self, peek: Peek) -> bool:
        """Such columns."""
        names = [n.strip('"') for n in peek.columns[0]]
        return len(names) > 1 and any(n.endswith(("__MIN", "__MAX")) for n in names)

    def read(self, peek: Peek) -> Iterable[Source]:
        """Each run on its own."""
        found = gather(delimited.rows(peek))
        if not found.curves:
            raise BadLog(f"{peek.path} has no numbers in it, only names of columns")
        by_run: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for column, curve in found.curves.items():
            said = EXPORTED.fullmatch(column)
            if said is not None and not said["end"]:
                by_run[said["run"]][said["name"]] = curve
        for run, curves in by_run.items():
            yield Source(
                format=self.name,
                files=(peek.path,),
                home=peek.path.parent,
                alone=True,
                run=run,
                curves=curves,
                unit=found.axis.unit,
            )
