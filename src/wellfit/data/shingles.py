"""Texts that are nearly the same: MinHash over runs of five characters.

Candidates are texts that share a band of minima (Broder, 1997); what counts is the
share of runs that two of them have in common (Jaccard), computed for every candidate.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.8  # of the runs of both: one word in twenty may differ
RUN = 5  # characters
SHORT = 20  # characters: shorter texts are the same by chance
READ = 2000  # characters of a text
MOST = 20_000  # texts
BANDS, MINIMA = 16, 4  # texts with 0.8 in common share a band with 99.98 %
PRIME = np.uint64(2**31 - 1)

Pairs = NDArray[np.int64]


def plain(text: str) -> str:
    """A text in lower case, its spaces single."""
    return re.sub(r"\s+", " ", text).strip().casefold()[:READ]


def near_texts(documents: Sequence[str]) -> Pairs:
    """Pairs of places, an earlier text and one that is nearly or quite the same.

    Each text is the second of one pair at most. Short texts have no pair.
    """
    texts = [plain(d) for d in documents]
    long = np.flatnonzero([len(t) >= SHORT for t in texts])[:MOST]
    if len(long) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    runs = _runs([texts[i] for i in long])
    found = _alike(runs, _candidates(runs))
    return long[found]


def _runs(texts: list[str]) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    counted = HashingVectorizer(
        analyzer="char", ngram_range=(RUN, RUN), binary=True, norm=None,
        alternate_sign=False, n_features=2**22,
    )  # fmt: skip
    return counted.transform(texts)


def _candidates(runs: Any) -> Pairs:
    """Pairs that share a band: the first text of a bucket, with each of the others."""
    rng = np.random.default_rng(0)
    ids = runs.indices.astype(np.uint64) + np.uint64(1)
    pairs = []
    for _ in range(BANDS):
        key = np.zeros(runs.shape[0], dtype=np.uint64)
        for a, b in rng.integers(1, int(PRIME), (MINIMA, 2)).astype(np.uint64):
            least = np.minimum.reduceat((a * ids + b) % PRIME, runs.indptr[:-1])
            with np.errstate(over="ignore"):
                key = key * np.uint64(0x9E3779B97F4A7C15) + least
        first = np.unique(key, return_index=True, return_inverse=True)
        earliest = first[1][first[2]]
        later = np.flatnonzero(earliest < np.arange(len(key)))
        pairs.append(np.column_stack([earliest[later], later]))
    return np.unique(np.concatenate(pairs), axis=0)


def _alike(runs: Any, pairs: Pairs) -> Pairs:
    """The pairs that have enough in common; one for each second text."""
    if not len(pairs):
        return pairs
    both = np.asarray(runs[pairs[:, 0]].multiply(runs[pairs[:, 1]]).sum(axis=1)).ravel()
    size = np.diff(runs.indptr)
    either = size[pairs[:, 0]] + size[pairs[:, 1]] - both
    kept = pairs[both >= ALIKE * either]
    _, first = np.unique(kept[:, 1], return_index=True)
    return np.asarray(kept[first], dtype=np.int64)
