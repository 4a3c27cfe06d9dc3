"""Protocol buffers, read without their library: the fields of one message.

The wire format is Google's (https://protobuf.dev/programming-guides/encoding): each
field a key, `number << 3 | type`, then a varint, eight bytes, a length and so many
bytes, or four bytes.
"""

from collections.abc import Iterator

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
WIDTHS = {EIGHT: 8, FOUR: 4}


class Broken(ValueError):
    """These bytes are no message."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at that byte, and where it ends."""
    value = shift = 0
    while shift < 70:
        try:
            byte = data[at]
        except IndexError:
            break
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise Broken("a number without an end")


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    r"""Each field of a message: its number, and its number or bytes.

    >>> list(fields(b"\x08\x96\x01\x12\x02ab"))
    [(1, 150), (2, b'ab')]
    """
    at, end = 0, len(data)
    while at < end:
        key, at = varint(data, at)
        kind = key & 7
        if kind == VARINT:
            number, at = varint(data, at)
            yield key >> 3, number
            continue
        if kind == BYTES:
            width, at = varint(data, at)
        elif kind in WIDTHS:
            width = WIDTHS[kind]
        else:
            raise Broken(f"a field of unknown kind {kind}")
        if at + width > end:
            raise Broken("a field longer than its message")
        yield key >> 3, data[at : at + width]
        at += width


def of(data: bytes, number: int) -> Iterator[bytes]:
    """The bytes of each field of that number."""
    for found, value in fields(data):
        if found == number and isinstance(value, bytes):
            yield value


def signed(value: int) -> int:
    """A varint as int64 has it."""
    return value - (1 << 64) if value >= 1 << 63 else value
