"""A feed of rows that are in a file, which lets go of what it has read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from wellfit.data.mapped import release
from wellfit.trainer.feed import Batch, MemoryFeed

# A row that is touched maps 16 pages of 4 KiB around it, or more (Linux's
# fault-around): with so many rows at a time, 16 MiB or some more.
HELD = 256  # rows


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MappedFeed:
    """What `feed` gives, whose inputs are the matrix `x`, mapped from a file."""

    feed: MemoryFeed
    x: NDArray[Any]

    @property
    def rows(self) -> int:
        """How many there are in an epoch."""
        return self.feed.rows

    @property
    def batch_size(self) -> int:
        """Rows of a batch; the last may have fewer."""
        return self.feed.batch_size

    def __len__(self) -> int:
        return len(self.feed)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Those of an epoch, from the `start`-th on."""
        touched = 0
        for batch in self.feed.batches(epoch, start):
            yield batch
            touched += len(batch[-1])
            if touched >= HELD:
                release(self.x)
                touched = 0
        release(self.x)

    def identity(self) -> dict[str, Any]:
        """Plain data that tell whether another feed gives the same batches."""
        return self.feed.identity()
