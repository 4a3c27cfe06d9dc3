"""Images as numbers: each decoded once, all of one size, in one array of bytes."""

import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.errors import MissingExtra
from wellfit.data.columns import Series
from wellfit.data.features import Features, View
from wellfit.data.imagefiles import content

Pixels = NDArray[np.uint8]  # images by rows, columns and channels
GREY = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
CLEAR = frozenset({"RGBA", "RGBa", "LA", "La", "PA"})  # some of it may be see-through
MOST_PIXELS = 2**30 // 4 // 3  # of an image: from there on Pillow takes it for a bomb
IN_MEMORY = 2**30  # bytes; more of them are in a file that the system pages in and out
THREADS = 8  # at most: from there on they wait for each other
AT_ONCE = 256  # images of a thread


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What images are made into: squares of `side` pixels, of 1 or 3 channels."""

    side: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one of them."""
        return self.side, self.side, self.channels


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """The rule for a column of images: their form is all there is to it.

    The scale of each channel is learnt by the network, which has it in its weights.
    """

    name: str
    side: int
    channels: int

    @property
    def form(self) -> Form:
        """What its images are made into."""
        return Form(side=self.side, channels=self.channels)


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What a file says of its image before it is decoded."""

    width: int
    height: int
    mode: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decoded:
    """The images of some paths; `faults` says why others cannot be read."""

    form: Form
    pixels: Pixels
    places: Mapping[str, int]  # in `pixels`
    faults: Mapping[str, str]

    def take(self, paths: Sequence[Any]) -> Pixels:
        """Those of these paths, in their order; black where there is none."""
        out = room((len(paths), *self.form.shape))
        for i, path in enumerate(paths):
            if (place := self.places.get(str(path))) is not None:
                out[i] = self.pixels[place]
        return out


def picture_features(
    rule: Picture, column: Series, view: View, decoded: Decoded | None = None
) -> Features:
    """The images of a column, and which of them are lacking; nothing to other views.

    Those that are `decoded` already are not read again.
    """
    if view != "pictures":
        return Features(x=np.zeros((len(column), 0), dtype=np.float32), names=())
    known = decoded or decode(column.dropna().tolist(), rule.form)
    x = known.take(column.tolist())
    lacking = [i for i, path in enumerate(column) if str(path) not in known.places]
    return Features(x=x, names=(rule.name,), lacking=tuple(lacking))


def decode(paths: Sequence[Any], form: Form) -> Decoded:
    """Read and decode them, each once, by a few threads."""
    names = list(dict.fromkeys(str(p) for p in paths))
    pixels = room((len(names), *form.shape))
    faults: dict[str, str] = {}

    def work(start: int) -> None:
        for place in range(start, min(start + AT_ONCE, len(names))):
            found = pixels_of(names[place], form)
            if isinstance(found, str):
                faults[names[place]] = found
            else:
                pixels[place] = found

    with _quiet(), ThreadPoolExecutor(_threads()) as pool:
        list(pool.map(work, range(0, len(names), AT_ONCE)))
    places = {name: i for i, name in enumerate(names) if name not in faults}
    told = {name: faults[name] for name in names if name in faults}
    return Decoded(form=form, pixels=pixels, places=places, faults=told)


def headers(paths: Sequence[Any]) -> list[Header]:
    """What the files say that can be opened."""
    with _quiet(), ThreadPoolExecutor(_threads()) as pool:
        found = pool.map(_header, map(str, paths))
        return [header for header in found if header is not None]


def pixels_of(path: str, form: Form) -> Pixels | str:
    """The image in a file, as bytes; or why it cannot be read."""
    try:
        raw = content(path)
    except OSError:
        return "there is no such file"
    if not raw:
        return "it is empty"
    try:
        with _pillow().open(BytesIO(raw)) as image:
            if image.width * image.height > MOST_PIXELS:
                return f"it has {image.width:,} × {image.height:,} pixels"
            return np.asarray(_formed(image, form)).reshape(form.shape)
    except MissingExtra:
        raise
    except Exception as error:  # Pillow raises whatever a damaged file leads it to
        kind = type(error).__name__
        known = {
            "UnidentifiedImageError": "it is no image",
            "DecompressionBombError": "it has too many pixels",
        }
        return known.get(kind, "it is damaged or cut off")


def _formed(image: Any, form: Form) -> Any:
    """Upright, of these channels, of this size."""
    from PIL import Image, ImageOps

    mode = "L" if form.channels == 1 else "RGB"
    # A JPEG is decoded at a half, a quarter or an eighth where that is enough.
    image.draft(mode, (2 * form.side, 2 * form.side))
    image.load()
    upright = ImageOps.exif_transpose(image)
    plain = _coloured(upright, mode)
    if plain.size == (form.side, form.side):
        return plain
    # The mean over each new pixel's square: Chrabaszcz et al. (2017), section 3.
    smaller = min(plain.size) >= form.side
    how = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    return plain.resize((form.side, form.side), how)


def _coloured(image: Any, mode: str) -> Any:
    """Of that mode: deep grey in 8 bits, what is see-through on white."""
    from PIL import Image

    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return Image.fromarray(_bytes_of(np.asarray(image))).convert(mode)
    if image.mode in CLEAR or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert(mode)
    return image if image.mode == mode else image.convert(mode)


def _bytes_of(deep: NDArray[Any]) -> Pixels:
    """Grey levels of 16 bits, or of numbers from 0 to 1, as those of 8 bits."""
    most = float(deep.max(initial=0))
    unit = 255.0 if deep.dtype.kind == "f" and most <= 1 else 1.0
    scaled = deep * (unit if most * unit <= 255 else 1 / 257)
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _header(path: str) -> Header | None:
    try:
        with _pillow().open(BytesIO(content(path))) as image:
            turned = image.getexif().get(0x0112, 1) >= 5  # it lies on a side
            width, height = image.size[::-1] if turned else image.size
            return Header(width=width, height=height, mode=_mode(image))
    except MissingExtra:
        raise
    except Exception:  # what is wrong with it is told when it is decoded
        return None


def _mode(image: Any) -> str:
    """Its mode; of a palette, that of the palette's colours."""
    if image.mode != "P":
        return str(image.mode)
    colours = np.asarray(image.convert("RGB").getdata())
    return "L" if bool((colours == colours[:, :1]).all()) else "RGB"


def channels_of(found: Sequence[Header]) -> tuple[int, Counter[bool]]:
    """The channels that most of them have, and how many are grey (True) or not."""
    counts = Counter(header.mode in GREY for header in found)
    return (1 if counts[True] > counts[False] else 3), counts


def moments(pixels: Pixels) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each channel's mean and deviation; of one that is all alike, 1.

    By how often each of the 256 values comes, which is exact and takes no copy.
    """
    values = np.arange(256.0)
    counts = np.zeros((pixels.shape[-1], 256))
    for start in range(0, len(pixels), AT_ONCE):
        some = pixels[start : start + AT_ONCE]
        for c in range(len(counts)):
            counts[c] += np.bincount(some[..., c].ravel(), minlength=256)
    shares = counts / counts.sum(axis=1, keepdims=True)
    mean = shares @ values
    spread = np.sqrt(np.maximum(shares @ values**2 - mean**2, 0.0))
    return mean, np.where(spread > 0, spread, 1.0)


def room(shape: tuple[int, ...]) -> Pixels:
    """An array for so many bytes: in memory, or in a file that is gone with it."""
    if int(np.prod(shape, dtype=np.int64)) <= IN_MEMORY:
        return np.zeros(shape, dtype=np.uint8)
    with tempfile.TemporaryFile() as file:  # the mapping keeps it open
        return np.memmap(file, dtype=np.uint8, mode="w+", shape=shape)


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow's warnings say what is told of each file anyway."""
    _pillow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _threads() -> int:
    return min(THREADS, os.cpu_count() or 1)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtra("looking at images", extra="images") from error
    return Image
