"""Images: what can be read of them, and which are nearly the same."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.errors import MissingExtra

SIDE = 16  # of the thumbnail that is learnt from; images are compared at half of it
BINS = 8  # of each colour's histogram
# The correlation of two thumbnails. Images of CIFAR-10 keep 0.9992 with themselves when
# they are enlarged or halved (at 25 %), and 95 % of them 0.998 at JPEG quality 50; the
# nearest two of 2,500 have 0.963, of Fashion-MNIST 0.9974.
SAME = 0.998
PLAIN = 4.0  # grey levels of deviation: flatter images are all alike
MOST = 20_000
BLOCK = 1000

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Picture:
    """An image's size and colours, and its thumbnail with the colours' histogram."""

    size: tuple[int, int]
    mode: str
    seen: Floats


def read_picture(path: Path) -> Picture | None:
    """The image in a file; None where it cannot be read whole."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtra("looking at images", extra="images") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an image of a billion pixels, or cut off
            with Image.open(path) as image:
                size, mode = image.size, image.mode
                image.load()
                small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    except Exception:  # Pillow raises whatever a damaged file leads it to
        return None
    return Picture(size=size, mode=mode, seen=_seen(np.asarray(small, np.float32)))


def _seen(small: Floats) -> Floats:
    grey = small @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    colours = [np.histogram(small[..., c], BINS, (0, 256))[0] for c in range(3)]
    return np.concatenate([grey.ravel(), *colours]).astype(np.float32)


def near_pictures(seen: Floats, others: Floats | None = None) -> NDArray[np.int64]:
    """Pairs of places: an image of `seen`, and a later one that is nearly the same.

    With `others`, the second is a place in these. Each is the second of one pair.
    """
    x, varied = _directions(seen)
    y, open_ = (x, varied) if others is None else _directions(others)
    found = []
    for start in range(0, len(y), BLOCK):
        alike = y[start : start + BLOCK] @ x.T
        alike[:, ~varied] = -1
        for row, best in enumerate(_first(alike, start, within=others is None)):
            if best >= 0 and open_[start + row]:
                found.append((best, start + row))
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _first(alike: Floats, start: int, *, within: bool) -> list[int]:
    """For each row the first that is the same, an earlier one; -1 where none is."""
    same = alike >= SAME
    if within:
        same &= np.arange(same.shape[1]) < np.arange(start, start + len(same))[:, None]
    return [int(r.argmax()) if r.any() else -1 for r in same]


def _directions(seen: Floats) -> tuple[Floats, NDArray[Any]]:
    half = SIDE // 2
    squares = seen[:, : SIDE * SIDE].reshape(-1, half, 2, half, 2)
    grey = squares.mean(axis=(2, 4)).reshape(len(seen), -1)
    centred = grey - grey.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1))
    length = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return centred / length, spread >= PLAIN
