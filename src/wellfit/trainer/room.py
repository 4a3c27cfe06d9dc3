"""Memory: amounts as people write them, and how many rows find room in one."""

import gc
import re
from dataclasses import dataclass
from typing import Any

from wellfit.core.errors import BadSetting
from wellfit.data.freed import give_back

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
LEAST = 32 * 2**20  # bytes that a network is trained in, however little is left
RESERVE = 0.2  # of what is free now: for others, and for what is not foreseen


def bytes_of(memory: int | str) -> int:
    """Bytes of an amount of memory: a number of them, or text such as 800M or 4G.

    >>> [bytes_of(m) for m in (1000, "800M", "4G", "1.5 GiB")]
    [1000, 838860800, 4294967296, 1610612736]
    """
    form = r"\s*(\d+\.?\d*|\.\d+)\s*([KMGT]?)(i?B)?\s*"
    found = re.fullmatch(form, str(memory), re.IGNORECASE)
    amount = float(found[1]) * UNITS[found[2].upper()] if found else 0.0
    if amount < 1:
        raise BadSetting(f"memory is an amount such as 800M or 4G; got {str(memory)!r}")
    return int(amount)


def shown(amount: float) -> str:
    """Bytes as people write them.

    >>> shown(1_610_612_736), shown(300_000_000)
    ('1.5G', '286M')
    """
    if amount >= 2**30:
        return f"{amount / 2**30:.3g}G"
    return f"{amount / 2**20:.0f}M"


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """The bytes that this process may have in memory, all in; `asked` by the user."""

    limit: int
    asked: bool

    @classmethod
    def of(cls, memory: int | str | None) -> "Room":
        """What is asked for; else what is free now, less a reserve."""
        gc.collect()
        give_back()
        if memory is not None:
            return cls(limit=bytes_of(memory), asked=True)
        return cls(limit=_taken() + int(free() * (1 - RESERVE)), asked=False)

    def left(self, loaded: int) -> int:
        """Bytes that are left for rows, once all libraries are `loaded`."""
        return self.limit - max(_taken(), loaded)


def training_room(memory: int | str | None, device: str) -> float | None:
    """Bytes that a training may take of the `memory` that the process may have.

    None where nothing is asked, or the training is on a device with its own.
    """
    if memory is None or device != "cpu":
        return None
    return float(max(Room.of(memory).left(0), LEAST))


def _taken() -> int:
    import psutil

    found: int = psutil.Process().memory_info().rss
    return found


def free() -> int:
    """What the machine has free, or the cgroup where that has less."""
    import psutil

    from wellfit.taps.resources.limits import limits

    there: int = psutil.virtual_memory().available
    bound: Any = limits().memory
    return there if bound is None else max(min(there, bound - _taken()), 0)
