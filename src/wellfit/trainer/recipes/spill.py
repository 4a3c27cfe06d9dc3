"""All rows of a table that is larger than memory, prepared into files to train from."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from wellfit.data.features import Matrix as Features
from wellfit.data.features import View
from wellfit.data.mapped import Matrix
from wellfit.data.sampled import Sampled
from wellfit.data.split import Split
from wellfit.data.table import like
from wellfit.data.target import Target
from wellfit.models.model import Rows
from wellfit.trainer.parts import Part, Parts

PARTS: tuple[Part, ...] = ("train", "validation", "test")
NONE = len(PARTS)  # of rows without a target


@contextmanager
def spilled(
    sample: Sampled, target: Target, split: Split, parts: Parts, folder: Path
) -> Iterator[Parts]:
    """Parts of all rows, prepared as `parts` learnt it from those of the sample.

    `target` and `split` are of all rows. The files are in `folder`, which is removed
    at the end.
    """
    shutil.rmtree(folder, ignore_errors=True)  # what a killed training has left
    folder.mkdir(parents=True)
    try:
        matrices = _written(sample, target, split, parts, folder)
        ready: dict[tuple[str, View], Rows] = {
            (part, "dense"): Rows(
                x=matrices[part].opened(), y=target.y[getattr(split, part)]
            )
            for part in PARTS
        }
        yield replace(parts, target=target, split=split, mapped=True, _ready=ready)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(
    sample: Sampled, target: Target, split: Split, parts: Parts, folder: Path
) -> dict[Part, Matrix]:
    """A file a part, written while the rows go by once."""
    code = np.full(sample.rows, NONE, dtype=np.uint8)
    for number, part in enumerate(PARTS):
        code[target.rows[getattr(split, part)]] = number
    told = _told(sample, parts)
    sources, types = list(parts.preparation.sources), dict(sample.frame.dtypes)
    sizes = np.bincount(code, minlength=NONE + 1).tolist()
    with ExitStack() as stack:
        matrices = {
            part: stack.enter_context(Matrix(folder / f"{part}.npy", size))
            for part, size in zip(PARTS, sizes, strict=False)
        }
        start = 0
        for chunk in sample.stream.chunks(sources):
            features = parts.preparation.apply(like(chunk, types), "dense").x
            end = start + len(chunk)
            if told is not None:
                _tell(features, told, start, end)
            for number, part in enumerate(PARTS):
                matrices[part].add(features[code[start:end] == number])
            start = end
    return matrices


def _told(sample: Sampled, parts: Parts) -> tuple[np.ndarray, Features] | None:
    """The places of sampled training rows and their features.

    What a category tells of the target is of each told by the others; the rows that
    are not in the sample are told by it, and are themselves not in what it knows.
    """
    if parts.told is None:
        return None
    own = sample.places[parts.target.rows]
    return own[parts.split.train], parts.rows("train", "dense").x


def _tell(
    features: Features, told: tuple[np.ndarray, Features], start: int, end: int
) -> None:
    places, x = told
    first, last = np.searchsorted(places, [start, end])
    features[places[first:last] - start] = x[first:last]
