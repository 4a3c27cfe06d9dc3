"""TensorBoard event files, streamed: TFRecords that hold events.

Framing and messages as TensorFlow defines them (core/lib/io/record_writer.h,
core/util/event.proto, core/framework/summary.proto). A file that was cut off is read
up to there; where bytes in the middle are damaged, reading goes on at the next record.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from wellfit.core.errors import BadLog
from wellfit.logs import crc, wire
from wellfit.logs.curve import MOST_NAMES, Collector
from wellfit.logs.peek import Peek
from wellfit.logs.source import Format, Source

BLOCK = 1 << 22  # bytes read at once
LONGEST = 1 << 24  # bytes of a record that is looked into: pictures and graphs are not
FRAME = 16  # bytes around a record: its length, and two checksums
HPARAMS = b"_hparams_/session_start_info"

# How nearly all scalars come: a time, a step, one tag, and a float32.
PLAIN = re.compile(
    rb"\x09(.{8})(?:\x10([\x80-\xff]*[\x00-\x7f]))?\x2a.\x0a.\x0a.(.*)\x15(.{4})",
    re.DOTALL,
)
# tensor.proto: dtype → how one number of it is packed, and the field of loose values.
DTYPES = {1: ("<f", 5), 2: ("<d", 6), 3: ("<i", 7), 9: ("<q", 10)}


class TensorBoard(Format):
    """`events.out.tfevents.…`, of TensorFlow, PyTorch, JAX, or anybody."""

    name: ClassVar = "TensorBoard"

    def claims(self, peek: Peek) -> bool:
        """A first record whose length has the right checksum."""
        return crc.is_header(peek.head) or (
            ".tfevents." in peek.path.name and not peek.head
        )

    def read(self, peek: Peek) -> Iterable[Source]:
        """All scalars of the file, and the settings of its hparams plugin."""
        if not peek.size:
            raise BadLog(
                f"{peek.path} is empty: its writer was never flushed; expected events"
            )
        reader = _Reader(peek.path)
        reader.read()
        curves = reader.found.curves()
        by_epoch = [n.rpartition("/")[2].startswith("epoch_") for n in curves]  # Keras
        yield Source(
            format=self.name,
            files=(peek.path,),
            home=peek.path.parent,
            curves=curves,
            unit="epoch" if by_epoch and all(by_epoch) else "step",
            settings=reader.settings,
            notes=tuple(reader.notes()),
        )


class _Reader:
    def __init__(self, path: Path) -> None:
        self.found = Collector()
        self.settings: dict[str, Any] = {}
        self._path = path
        self._names: dict[bytes, str] = {}
        self._first: float | None = None
        self._last = 0.0
        self._damaged = 0
        self._cut = False

    def read(self) -> None:
        try:
            with self._path.open("rb") as file:
                for record in self._records(file):
                    self._take(record)
        except OSError as error:
            raise BadLog(f"{self._path} cannot be read: {error.strerror}") from error

    def notes(self) -> Iterator[str]:
        if self._damaged:
            yield f"{self._damaged} damaged stretches were passed over"
        if self._cut:
            yield "the file is cut off within a record: read up to there"
        if self.found.refused:
            yield f"{self.found.refused} more names than can be kept were left out"

    def _records(self, file: BinaryIO) -> Iterator[bytes]:
        """Each record's bytes; long ones are skipped unread."""
        data, at = b"", 0
        while True:
            if len(data) - at < FRAME:
                data, at = data[at:] + file.read(BLOCK), 0
                if len(data) < FRAME:
                    self._cut = bool(data)
                    return
            (length,) = struct.unpack_from("<Q", data, at)
            end = at + FRAME + length
            if end <= len(data):
                yield data[at + 12 : end - 4]
                at = end
            elif length <= LONGEST:
                more = file.read(max(BLOCK, end - len(data)))
                data, at = data[at:] + more, 0
                if FRAME + length > len(data):
                    data, at = self._resume(data, file), 0
                    if not data:
                        self._cut = True
                        return
            elif crc.is_header(data[at : at + 12]):
                file.seek(end - len(data), 1)
                data, at = b"", 0
            else:
                data, at = self._resume(data[at:], file), 0
                if not data:
                    return

    def _resume(self, data: bytes, file: BinaryIO) -> bytes:
        """From the next place on where a record begins; empty at the end."""
        data = data[1:]
        while len(data) >= FRAME:
            places = crc.headers(data)
            if len(places):
                self._damaged += 1
                return data[int(places[0]) :]
            data = data[-11:] + file.read(BLOCK)
        return b""

    def _take(self, record: bytes) -> None:
        plain = PLAIN.fullmatch(record)
        if plain is not None and len(plain[3]) == record[plain.start(3) - 1]:
            step = 0 if plain[2] is None else wire.varint(plain[2], 0)[0]
            name = self._names.get(plain[3])
            if name is not None:
                self.found.record()
                self.found.add(name, wire.signed(step), _F32.unpack(plain[4])[0])
                return
        try:
            self._event(record)
        except (wire.Broken, struct.error):
            self._damaged += 1

    def _event(self, record: bytes) -> None:
        step, summaries = 0, []
        for number, value in wire.fields(record):
            if number == 2 and isinstance(value, int):
                step = wire.signed(value)
            elif number == 5 and isinstance(value, bytes):
                summaries.append(value)
        if not summaries:
            return
        self.found.record()
        for summary in summaries:
            for value in wire.of(summary, 1):
                self._value(step, value)

    def _value(self, step: int, message: bytes) -> None:
        parts = dict(wire.fields(message))
        tag = parts.get(1)
        if not isinstance(tag, bytes):
            return
        if tag == HPARAMS and isinstance(parts.get(9), bytes):
            self.settings |= dict(_hparams(parts[9]))
        number, plain = None, parts.get(2)
        if isinstance(plain, bytes):
            (number,) = _F32.unpack(plain)
            if len(self._names) < MOST_NAMES:
                self._names.setdefault(tag, tag.decode(errors="replace"))
        elif isinstance(parts.get(8), bytes) and 4 not in parts:
            number = _scalar(parts[8])
        if number is not None:
            self.found.add(tag.decode(errors="replace"), step, number)


_F32 = struct.Struct("<f")


def _scalar(tensor: Any) -> float | None:
    """The one number of a tensor without dimensions, or of one element."""
    dtype, content, loose = 1, b"", []
    for number, value in wire.fields(tensor):
        if number == 1 and isinstance(value, int):
            dtype = value
        elif number == 4 and isinstance(value, bytes):
            content = value
        else:
            loose.append((number, value))
    if dtype not in DTYPES:
        return None
    form, field = DTYPES[dtype]
    if content:
        single = len(content) == struct.calcsize(form)
        return float(struct.unpack(form, content)[0]) if single else None
    for number, value in loose:
        if number == field:
            return _loose(form, value)
    return None


def _loose(form: str, value: int | bytes) -> float | None:
    if isinstance(value, int):
        return float(wire.signed(value))
    if form in ("<i", "<q"):
        number, end = wire.varint(value, 0)
        return float(wire.signed(number)) if end == len(value) else None
    single = len(value) == struct.calcsize(form)
    return float(struct.unpack(form, value)[0]) if single else None


def _hparams(metadata: Any) -> Iterator[tuple[str, Any]]:
    """SummaryMetadata → PluginData → HParamsPluginData → SessionStartInfo → hparams."""
    for plugin in wire.of(metadata, 1):
        for content in wire.of(plugin, 2):
            for start in wire.of(content, 3):
                for entry in wire.of(start, 1):
                    pair = dict(wire.fields(entry))
                    name, value = pair.get(1), pair.get(2)
                    if isinstance(name, bytes) and isinstance(value, bytes):
                        yield name.decode(errors="replace"), _setting(value)


def _setting(value: bytes) -> Any:
    """google.protobuf.Value: a number (2), a text (3), a truth (4)."""
    for number, said in wire.fields(value):
        if number == 2 and isinstance(said, bytes):
            return struct.unpack("<d", said)[0]
        if number == 3 and isinstance(said, bytes):
            return said.decode(errors="replace")
        if number == 4:
            return bool(said)
    return None
