"""A checkpoint on disk: a folder that is there whole, or not at all.

`tensors.safetensors` holds the tensors, `state.json` all the rest with a checksum of
both. It is written aside, flushed to the disk and renamed; nothing that is read is
ever unpickled or run.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file  # noqa: TID253

from wellfit import __version__
from wellfit.core.errors import BadRun
from wellfit.trainer.packing import Tensors

SCHEMA = 1
TENSORS, STATE = "tensors.safetensors", "state.json"
ASIDE = ".aside-"  # begins the name of what is being written, or removed


def name_of(step: int, epoch: int) -> str:
    """Its folder's name; names sort by age.

    >>> name_of(1200, 3)
    'step-000001200-epoch-00003'
    """
    return f"step-{step:09d}-epoch-{epoch:05d}"


def step_of(path: Path) -> int:
    """The step that the checkpoint of this name is of.

    >>> step_of(Path("step-000001200-epoch-00003"))
    1200
    """
    return int(path.name.split("-")[1])


def checkpoints_in(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the newest first, sound or not."""
    found = (path for path in folder.glob("step-*-epoch-*") if path.is_dir())
    return sorted(found, key=lambda path: path.name, reverse=True)


def write(path: Path, said: Mapping[str, Any], tensors: Tensors) -> None:
    """Write a checkpoint; where that fails, no trace of it is left."""
    aside = path.with_name(ASIDE + path.name)
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir()
        save_file(tensors, aside / TENSORS)
        whole = {
            "schema": SCHEMA,
            "wellfit": __version__,
            TENSORS: _checksum(aside / TENSORS),
            **said,
        }
        sealed = {"sha256": _seal(whole), "checkpoint": whole}
        (aside / STATE).write_text(json.dumps(sealed) + "\n", encoding="utf-8")
        for part in (aside / TENSORS, aside / STATE, aside):
            _flush(part)
        if path.exists():
            remove(path)
        aside.rename(path)
        _flush(path.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def remove(path: Path) -> None:
    """Remove a checkpoint, which is never there in part."""
    aside = path.with_name(f"{ASIDE}old-{path.name}")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Remove what a killed process has left half written, or half removed."""
    for path in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(path, ignore_errors=True)


def read(path: Path) -> tuple[dict[str, Any], Tensors]:
    """What a checkpoint says, and its tensors; `BadRun` where it is damaged."""
    try:
        sealed = json.loads((path / STATE).read_text(encoding="utf-8"))
        said = sealed["checkpoint"]
        if sealed["sha256"] != _seal(said):
            raise ValueError(f"{STATE} was changed")
        if said["schema"] <= SCHEMA:
            if said[TENSORS] != _checksum(path / TENSORS):
                raise ValueError(f"{TENSORS} was changed")
            return said, load_file(path / TENSORS)
    except Exception as error:  # each library has its own way to refuse a damaged file
        raise BadRun(f"checkpoint {path.name} is damaged ({error})") from error
    raise BadRun(
        f"checkpoint {path.name} was written by wellfit {said['wellfit']}, newer than "
        f"this one ({__version__}): pip install -U wellfit"
    )


def _seal(said: Mapping[str, Any]) -> str:
    text = json.dumps(said, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Wait until it is on the disk; not every system lets a folder be flushed."""
    with suppress(PermissionError):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
