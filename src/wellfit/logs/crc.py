"""CRC-32C as TFRecords mask it, over one header or over every place in a block."""

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL = 0x82F63B78  # Castagnoli's, reflected
DELTA = 0xA282EAD8


def _table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        odd = (table & 1).astype(bool)
        flipped = np.where(odd, np.uint32(POLYNOMIAL), np.uint32(0))
        table = np.bitwise_xor(table >> np.uint32(1), flipped).astype(np.uint32)
    return table


TABLE = _table()


def masked(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The masked CRC-32C of each row of bytes."""
    crc = np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for column in rows.T:
        crc = TABLE[(crc ^ column) & 255] ^ (crc >> 8)
    crc = ~crc
    turned = ((crc >> 15) | (crc << 17)) + np.uint32(DELTA)
    return turned.astype(np.uint32)


def is_header(head: bytes) -> bool:
    """Whether twelve bytes are a length and its checksum."""
    return len(head) >= 12 and bool(len(headers(head[:12])))


def headers(block: bytes) -> NDArray[np.int64]:
    """The places in a block where a record may begin: eight bytes and their CRC."""
    if len(block) < 12:
        return np.zeros(0, np.int64)
    data = np.frombuffer(block, np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(data, 12)
    said = windows[:, 8:12].copy().view("<u4").ravel()
    # The upper half of a length is zero in any real file: this spares most of the work.
    likely = np.flatnonzero(~windows[:, 4:8].any(axis=1))
    match = masked(windows[likely, :8]) == said[likely]
    return np.asarray(likely[match], dtype=np.int64)
