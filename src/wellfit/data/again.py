"""Rows that come more than once, told from batches that a training was fed with.

In another epoch each row comes again as it was, unless it is augmented. A batch is
drawn without replacement, so that two equal rows of one batch are two rows of the
table. Rows of few values are equal by chance as well: how often, is told by how often
the halves of rows agree.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data.hashes import GOLDEN, Hashes, mixed

PLAIN = 0.05  # halves that agree as often by chance tell no rows apart
SEEN = 5  # pairs: fewer may be an accident of the draw
SIGMAS = 4.0  # of the pairs that are equal by chance, a Poisson number, beyond these
COMPARED, COMPARED_COLUMNS = 500, 64
POOR = 1e-6  # probability that two rows are equal by chance, above which nothing is
# said of equal ones: columns hang together, so that it is more in truth
KEPT = 20_000  # rows that are known again


def agreement(rows: NDArray[Any]) -> float:
    """How probably two rows are equal, if columns had nothing to do with each other."""
    some = rows[:COMPARED, :: -(-rows.shape[1] // COMPARED_COLUMNS)]
    probability = 1.0
    for column in some.T:
        shares = np.unique(column, return_counts=True)[1] / len(some)
        probability *= float(np.sum(shares**2))
    return probability


class Again:
    """Counts pairs of equal rows within batches, and rows that were seen before."""

    def __init__(self) -> None:
        self.rows = 0
        self._known: set[int] = set()
        self._repeats = 0
        self._by_epoch = [0]  # rows seen in each, while they were counted
        self._now: dict[int, int] = {}  # row → how often it came in this epoch
        self._fullest = (0, 0)  # rows of the epoch with most, and those with a twin
        self._batches = self._twins = 0  # and rows with a twin in their batch
        self._pairs = 0
        self._equal = np.zeros(3)  # in both halves, in the first, in the second

    def add(self, rows: NDArray[np.float32]) -> None:
        """Take in rows (n × columns) of one batch."""
        first, second = halves(rows)
        self.rows += len(rows)
        if len(self._known) < KEPT:
            whole = (first + second).tolist()
            self._repeats += sum(one in self._known for one in whole)
            self._by_epoch[-1] += len(whole)
            self._known.update(whole)
            for one in whole:
                self._now[one] = self._now.get(one, 0) + 1
        self._batches += 1
        counts = [_counts(hashes) for hashes in (first + second, first, second)]
        self._twins += int(np.sum(counts[0][counts[0] > 1]))
        self._pairs += len(rows) * (len(rows) - 1) // 2
        self._equal += [np.sum(c * (c - 1) // 2) for c in counts]

    def epoch(self) -> None:
        """An epoch is over."""
        self._fullest = max(self._fullest, self._of_epoch())
        self._now = {}
        self._by_epoch.append(0)

    def _of_epoch(self) -> tuple[int, int]:
        counts = list(self._now.values())
        return sum(counts), sum(count for count in counts if count > 1)

    def twins(self, among: int, *, epochs: bool) -> float:
        """How probably a row has a twin among so many others, as far as was seen.

        Where it is known when `epochs` end, by the rows of the fullest; else by those
        of single batches.
        """
        rows, twins = max(self._fullest, self._of_epoch())
        each: float = rows
        if not epochs:
            rows, twins = self.rows, self._twins
            each = self.rows / max(self._batches, 1)
        return min(1.0, (twins + 1) / (rows + 2) * max(1.0, among / max(each, 1)))

    def fresh(self, of: int | None) -> bool:
        """Whether rows seem not to come again as they were; `of` is how many there are.

        Of N rows of which n were looked at in an epoch, each was with probability n/N.
        """
        if of is None:
            return self._repeats == 0
        unseen = np.prod([1 - min(1.0, n / max(of, 1)) for n in self._by_epoch])
        expected = sum(self._by_epoch) - of * (1 - unseen)
        return bool(expected < SEEN or self._repeats < 0.5 * expected)

    def share(self) -> float | None:
        """Of all pairs of rows, the share that are copies; None where it is unknown.

        With p the share of copies, and halves that agree by chance independently of
        each other, (a - p)(b - p) = (c - p)(1 - p), where a and b are the shares of
        pairs that agree in a half, and c of those that agree in both.
        """
        if not self._pairs:
            return None
        both, one, other = (self._equal / self._pairs).tolist()
        if max(one, other) > 0.5 or min(one, other) - both > PLAIN:
            return None
        return float(max(0.0, (both - one * other) / (1 + both - one - other)))

    def fact(self, of: int) -> dict[str, Any]:
        """Of the fact `data`: `duplicates`, for a table of so many rows."""
        share = self.share()
        if share is None:
            return {}
        _, one, other = (self._equal / self._pairs).tolist()
        by_chance = one * other * self._pairs
        more = share * (of - 1)  # copies that a row has beside itself
        copies = of * more / (1 + more)
        seen = round(share * self._pairs)
        return {
            "rows": of,
            "sampled": self.rows,
            "repeated": round(copies),
            "copies": round(copies) if seen >= SEEN + SIGMAS * by_chance**0.5 else 0,
            "pairs": seen,
        }


def halves(rows: NDArray[np.float32]) -> tuple[Hashes, Hashes]:
    """Two hashes of each row, of every other column each."""
    plain = np.ascontiguousarray(rows, dtype=np.float32) + np.float32(0)  # no -0.0
    bits = plain.view(np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        salts = np.arange(1, bits.shape[1] + 1, dtype=np.uint64) * np.uint64(GOLDEN)
        each = mixed(bits + salts)
        return each[:, ::2].sum(axis=1), each[:, 1::2].sum(axis=1)


def _counts(hashes: Hashes) -> NDArray[np.int64]:
    """How often each of the hashes comes."""
    return np.unique(hashes, return_counts=True)[1]
