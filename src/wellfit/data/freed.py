"""Memory that is free in this process, given back to the system.

Allocators keep what was freed for later; counted as the process's it is all the same.
"""

import ctypes
from contextlib import suppress

MMAP_THRESHOLD = -3  # mallopt's number for it, in the GNU C library
LARGE = 2**20  # bytes


def give_back() -> None:
    """Give back what nobody uses; where an allocator cannot, it stays."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # only the GNU C library has it
        ctypes.CDLL(None).malloc_trim(0)


def keep_apart() -> None:
    """Have large allocations mapped on their own, and gone once they are freed.

    Among others they leave holes, of which a small one takes a corner: the next large
    one does not fit. An evaluation of 600,000 rows grew by 700 MB so.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, LARGE)
