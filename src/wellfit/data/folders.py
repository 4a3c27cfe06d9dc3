"""Sets of files: texts or images, in a folder a class; looked at as tables are."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wellfit.core.errors import BadTable
from wellfit.core.run import Run
from wellfit.data.curve import learning_curve
from wellfit.data.imagefiles import IMAGES
from wellfit.data.judged import (
    LEAST,
    MOST_CLASSES,
    SPARE,
    Matter,
    out_of_fold,
    recalls,
    reference,
    terms,
)
from wellfit.data.pictures import near_pictures, read_picture
from wellfit.data.shingles import near_texts
from wellfit.data.suspects import suspects

TEXTS = frozenset({".txt", ".md", ".text"})
MOST = 20_000  # files that are read
USUAL = 0.95  # of the images have one size: then the others are of a wrong one


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FileSet:
    """Files that were read: their names, classes, and content; and those that failed.

    `content` has a text a file, or a Picture.
    """

    kind: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    content: tuple[Any, ...]
    hashes: tuple[str, ...]
    empty: tuple[str, ...]
    broken: tuple[str, ...]
    count: int


def inspect_folder(folder: Path, *, validation: Path | None = None, seed: int) -> Run:
    """Look at a set of files: the Run of `wellfit check FOLDER`.

    The class of a file is the folder it is in. `BadTable` where there are no texts and
    no images.
    """
    files = read_files(folder)
    data = _counted(files)
    if validation is not None:
        data["overlap"] = _overlap(files, read_files(validation))
    learnt = _learnt(files, seed)
    command = {"script": folder.name, "args": [], "framework": "files"}
    data |= learnt.pop("data")
    return Run.of(facts={"command": command, "data": data, **learnt})


def read_files(folder: Path) -> FileSet:
    """Read every text or image below the folder, whichever there are more of."""
    if not folder.is_dir():
        raise BadTable(f"no folder at {folder}; a set of files was expected")
    found = sorted(p for p in folder.rglob("*") if p.is_file() and p.name[0] != ".")
    images = [p for p in found if p.suffix.lower() in IMAGES]
    texts = [p for p in found if p.suffix.lower() in TEXTS]
    if not images and not texts:
        raise BadTable(
            f"{folder} has no images ({' '.join(sorted(IMAGES))}) and no texts "
            f"({' '.join(sorted(TEXTS))}); give a table, or a folder of such files"
        )
    kind = "image" if len(images) >= len(texts) else "text"
    return _read(folder, images if kind == "image" else texts, kind)


def _read(folder: Path, paths: Sequence[Path], kind: str) -> FileSet:
    stride = -(-len(paths) // MOST)
    kept: list[tuple[str, str, Any, str]] = []
    empty, broken = [], []
    for path in paths[::stride]:
        name = str(path.relative_to(folder))
        raw = path.read_bytes()
        content = _content(path, raw, kind)
        if not raw.strip() or content == "":
            empty.append(name)
        elif content is None:
            broken.append(name)
        else:
            label = path.parent.name if path.parent != folder else ""
            kept.append((name, label, content, hashlib.sha256(raw).hexdigest()))
    if not kept:
        raise BadTable(f"none of the {len(paths)} {kind} files of {folder} can be read")
    names, labels, contents, hashes = zip(*kept, strict=True)
    return FileSet(
        kind=kind,
        names=names,
        labels=labels,
        content=contents,
        hashes=hashes,
        empty=tuple(empty),
        broken=tuple(broken),
        count=len(paths),
    )


def _content(path: Path, raw: bytes, kind: str) -> Any:
    if kind == "image":
        return read_picture(path) if raw else None
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace").strip()
    return None if "\0" in text else text


def _counted(files: FileSet) -> dict[str, Any]:
    counts = Counter(files.labels)
    return {
        "rows": files.count,
        "sampled": len(files.names) + len(files.empty) + len(files.broken),
        "unit": "files",
        "task": "classification",
        "columns": [],
        "target": {"name": "folder", "kind": "category", "counts": dict(counts)},
        "files": {
            "kind": files.kind,
            "count": files.count,
            "empty": list(files.empty),
            "broken": list(files.broken),
        },
        "duplicates": _duplicates(files),
        "inconsistent": list(_odd(files)) if files.kind == "image" else [],
    }


def _seen(files: FileSet) -> Any:
    return np.stack([picture.seen for picture in files.content])


def _pairs(files: FileSet) -> Any:
    """Each file with an earlier one that is nearly or quite the same."""
    if files.kind == "image":
        return near_pictures(_seen(files))
    return near_texts(files.content)


def _duplicates(files: FileSet) -> dict[str, Any]:
    pairs = {int(later): int(first) for first, later in _pairs(files)}
    known: dict[str, int] = {}
    exact = 0
    for place, digest in enumerate(files.hashes):
        if digest in known:
            exact += 1
            pairs[place] = known[digest]
        known.setdefault(digest, place)
    across = sum(files.labels[a] != files.labels[b] for a, b in pairs.items())
    return {
        "rows": len(files.names),
        "unit": "files",
        "repeated": exact,
        "copies": exact,
        "near": len(pairs) - exact,
        "across": across,
        "examples": [
            [files.names[first], files.names[later]]
            for later, first in sorted(pairs.items())[:5]
        ],
    }


def _odd(files: FileSet) -> Iterator[dict[str, Any]]:
    """Images of another size, or of other colours, than nearly all others."""
    sizes = [f"{p.size[0]} × {p.size[1]}" for p in files.content]
    modes = [p.mode for p in files.content]
    for what, values in (("size", sizes), ("mode", modes)):
        counts = Counter(values)
        affected = len(values) - counts.most_common(1)[0][1]
        if 0 < affected <= (1 - USUAL) * len(values):
            yield {
                "name": "the images",
                "what": what,
                "affected": affected,
                "share": affected / len(values),
                "groups": 1,
                "examples": [dict(counts.most_common(4))],
            }


def _overlap(files: FileSet, held: FileSet) -> dict[str, Any]:
    """Files of validation that are in training too, or nearly."""
    known = set(files.hashes)
    same = {i for i, digest in enumerate(held.hashes) if digest in known}
    near = {int(later) for later in _near(files, held)} - same
    return {
        "training": len(files.names),
        "validation": len(held.names),
        "unit": "files",
        "shared": len(same),
        "copies": len(same),
        "near": len(near),
        "examples": [held.names[i] for i in sorted(same | near)[:5]],
        "groups": [],
    }


def _near(files: FileSet, held: FileSet) -> Any:
    if files.kind != held.kind:
        return []
    if files.kind == "image":
        return near_pictures(_seen(files), _seen(held))[:, 1]
    pairs = near_texts([*files.content, *held.content])
    count = len(files.content)
    return pairs[(pairs[:, 0] < count) & (pairs[:, 1] >= count), 1] - count


def _learnt(files: FileSet, seed: int) -> dict[str, Any]:
    """What simple models tell of the classes: wrong labels, recalls, the curve."""
    matter = matter_of_files(files)
    if isinstance(matter, str):
        return {"data": {"unlearnt": matter}}
    judged = out_of_fold(matter, seed)
    data = {
        "labels": _named(suspects(judged), files),
        "recalls": recalls(judged),
        "curve": learning_curve(judged, files.count, seed),
    }
    return {"data": data, "reference": reference(judged)}


def _named(labels: dict[str, Any], files: FileSet) -> dict[str, Any]:
    for one in labels.get("examples", ()):
        one["file"] = files.names[one["row"]]
    return labels


def matter_of_files(files: FileSet) -> Matter | str:
    """What is learnt from: the files' thumbnails or words, and their folders."""
    labels = np.array(files.labels)
    classes, y, counts = np.unique(labels, return_inverse=True, return_counts=True)
    common = np.flatnonzero(counts >= SPARE)
    if not 2 <= len(common) <= MOST_CLASSES:
        return f"{len(common)} folders have {SPARE} files or more"
    places = np.flatnonzero(np.isin(y, common))
    if len(places) < LEAST:
        return f"there are {len(places)} files; {LEAST} are needed"
    dense, words = None, None
    if files.kind == "image":
        dense = _scaled(_seen(files)[places])
    else:
        words = terms([files.content[i] for i in places])
    return Matter(
        dense=dense,
        texts=words,
        y=np.searchsorted(common, y[places]),
        rows=places,
        classes=tuple(classes[common].tolist()),
    )


def _scaled(seen: Any) -> Any:
    return (seen - seen.mean(axis=0)) / np.maximum(seen.std(axis=0), 1.0)
