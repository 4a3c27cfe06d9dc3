"""Sets of images as tables: a column of their paths, and one of their folders."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.errors import BadTable
from wellfit.core.words import enumerated
from wellfit.data.columns import Series, texts
from wellfit.data.imagefiles import IMAGES, hidden, is_image, is_there, members

PART_OF_A_TABLE = frozenset({".csv", ".tsv", ".txt", ".parquet", ".pq"})
IMAGE, CLASS, PART = "image", "class", "part"  # the columns
TRIED = 50  # values of a column that are looked for
PARTS = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImageSet:
    """The images of a folder as a frame: paths, and the class and part of each.

    `labelled` and `parted` say whether there are folders that tell these.
    """

    frame: pd.DataFrame
    labelled: bool
    parted: bool


def is_image_set(path: Path) -> bool:
    """Whether that is a folder, or a zip that holds images.

    A folder of the parts of a table, without any image, is none.
    """
    if path.is_dir():
        parts = any(p.suffix.lower() in PART_OF_A_TABLE for p in path.iterdir())
        return not parts or any(is_image(p.name) for p in path.rglob("*"))
    return path.suffix.lower() == ".zip" and bool(members(path))


def read_image_set(path: Path) -> ImageSet:
    """The images below a folder or in a zip; `BadTable` where there are none.

    The first folder on the way to an image is its class; where all of the first ones
    are parts (`train`, `validation`, `test` and their other names), the one below.
    """
    names = _names(path)
    if not names:
        raise BadTable(
            f"{path} is a folder without images ({' '.join(sorted(IMAGES))}); a folder "
            "for each class was expected, with its images in it, or the path of a table"
        )
    below = _below(names)
    firsts = {folders[0].lower() for folders in below if folders}
    parted = firsts <= PARTS.keys()
    told = (_told(folders, parted=parted) for folders in below)
    found = [(name, *said) for name, said in zip(names, told, strict=True)]
    frame = pd.DataFrame(found, columns=[IMAGE, CLASS, PART])
    frame[IMAGE] = [str(path / name) for name in frame[IMAGE]]
    return _made(frame)


def _made(frame: pd.DataFrame) -> ImageSet:
    """Without the columns that say nothing."""
    labelled = bool(frame[CLASS].notna().any())
    parted = frame[PART].nunique() > 1
    said = {IMAGE: True, CLASS: labelled, PART: parted}
    columns = [name for name, wanted in said.items() if wanted]
    return ImageSet(
        frame=frame[columns].astype("str"), labelled=labelled, parted=parted
    )


def parts_in(column: Series) -> NDArray[Any]:
    """train, validation or test, as the values of a column say in their ways."""
    said = texts(column).str.lower().map(PARTS).fillna("")
    return said.to_numpy(dtype=object)


def _names(path: Path) -> list[str]:
    if not path.is_dir():
        return members(path)
    found = (p for p in path.rglob("*") if is_image(p.name))
    names = (p.relative_to(path).as_posix() for p in found if p.is_file())
    return sorted(name for name in names if not hidden(name))


def _below(names: list[str]) -> list[tuple[str, ...]]:
    """The folders of each name, from where they begin to differ."""
    folders = [PurePosixPath(name).parent.parts for name in names]
    shared = 0
    while all(len(f) > shared for f in folders):
        firsts = Counter(f[shared] for f in folders)
        deeper = any(len(f) > shared + 1 for f in folders)
        if len(firsts) > 1 or not deeper or next(iter(firsts)).lower() in PARTS:
            break
        shared += 1
    return [f[shared:] for f in folders]


def _told(folders: tuple[str, ...], *, parted: bool) -> tuple[str | None, str | None]:
    """The class and the part that an image's folders say."""
    part = PARTS[folders[0].lower()] if parted and folders else None
    inner = folders[1:] if part else folders
    return (inner[0] if inner else None), part


def located(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The frame with the paths of images that are told from `folder` told from here."""
    for name in frame.columns:
        if not pd.api.types.is_string_dtype(frame[name].dtype):
            continue
        named = frame[name].dropna()
        some = named.iloc[:: max(1, len(named) // TRIED)]
        inside = [p for p in some if is_image(p) and is_there(folder / p)]
        if inside and not any(map(is_there, some)):
            paths = named.map(lambda p: str(folder / p))
            frame = frame.assign(**{str(name): paths.reindex(frame.index)})
    return frame


def why_unlabelled(name: str) -> str:
    """What to say where a set of images is to be learnt from, and has no classes."""
    what = enumerated([f"{name}/cats/1.jpg", f"{name}/dogs/2.jpg"])
    return (
        f"the images of {name} are in no folders that say their classes: put those of "
        f"a class into a folder ({what}), or give a table with a column of paths and "
        "--target"
    )
