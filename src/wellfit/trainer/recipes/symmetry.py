"""Whether images may be mirrored: their classes must be told as well from that."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.data.decode import Form, decode

# Of what a linear model tells of upright images, that it tells of mirrored ones: about
# all of CIFAR-10's, a third of handwritten digits'.
MIRRORED = 0.8
THUMB = 8  # pixels of a side, of the thumbnails that it is asked of
ASKED = 1000  # images
LEAST = 4  # images a class: of fewer nothing can be said


def symmetric(upright: float, mirrored: float, chance: float) -> bool:
    """Whether mirrored images are told nearly as well; what is by chance aside.

    >>> symmetric(0.35, 0.33, 0.1), symmetric(0.9, 0.35, 0.1)
    (True, False)
    """
    return mirrored - chance >= MIRRORED * (upright - chance)


def told_mirrored(
    paths: Sequence[str], y: NDArray[Any], *, channels: int
) -> tuple[float, float] | None:
    """Shares of images that a linear model of thumbnails tells, upright and mirrored.

    It is fitted to a half of some training images, and asked of the other half. None
    where there are too few of them.
    """
    step = -(-len(paths) // ASKED) or 1
    some, of = paths[::step], y[::step]
    decoded = decode(some, Form(side=THUMB, channels=channels))
    kept = [i for i, path in enumerate(some) if path in decoded.places]
    if len(kept) < LEAST * len(np.unique(of)):
        return None
    x = decoded.take([some[i] for i in kept]) / 255.0
    fitted, asked = np.array_split(np.random.default_rng(0).permutation(len(x)), 2)
    if len(np.unique(of[kept][fitted])) < 2:
        return None
    model = _linear(_flat(x[fitted]), of[kept][fitted])
    upright, mirrored = (
        float((model.predict(_flat(seen)) == of[kept][asked]).mean())
        for seen in (x[asked], x[asked][:, :, ::-1])
    )
    return upright, mirrored


def _linear(x: NDArray[Any], y: NDArray[Any]) -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5).fit(x, y)


def _flat(x: NDArray[Any]) -> NDArray[Any]:
    return x.reshape(len(x), -1)
