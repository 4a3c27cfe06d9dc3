"""What logs there are below a folder: a walk that has an end."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DEEPEST = 8  # folders below each other
MOST = 100_000  # entries that are looked at
PASSED = {"node_modules", "__pycache__", "site-packages", "wandb-media", "media"}
# What no log ends in: pictures, weights, code, data that is not text.
NO_LOG = re.compile(
    r".*\.(?:png|jpe?g|gif|svg|pdf|html?|py|pyc|ipynb|sh|md|rst|npy|npz|h5|hdf5|onnx"
    r"|parquet|arrow|feather|safetensors|bin|pt|pth|ckpt|pkl|pickle|joblib|model"
    r"|so|gz|bz2|xz|zst|tar|wav|mp[34]|ttf|yaml|yml|toml|lock|cfg|ini)",
    re.IGNORECASE,
)
CHECKPOINT = re.compile(r"checkpoint-(\d+)")


@dataclass(slots=True)
class Found:
    """Files that may be logs, folders that are runs, and whether all was looked at."""

    files: list[Path] = field(default_factory=list)
    runs: list[Path] = field(default_factory=list)  # of wellfit's own
    stores: list[Path] = field(default_factory=list)  # runs of an MLflow file store
    looked: int = 0
    whole: bool = True


def find(root: Path) -> Found:
    """Go through a folder, not through its links and hidden folders."""
    found = Found()
    _walk(root, found, DEEPEST)
    return found


def _walk(folder: Path, found: Found, deepest: int) -> None:
    entries = list(_entries(folder, found))
    names = {entry.name for entry in entries}
    if "run.db" in names:
        found.runs.append(folder)
        return
    if {"meta.yaml", "metrics"} <= names:
        found.stores.append(folder)
        return
    for entry in entries:
        if entry.is_file(follow_symlinks=False) and not NO_LOG.fullmatch(entry.name):
            found.files.append(Path(entry.path))
    below = [e for e in entries if e.is_dir(follow_symlinks=False)]
    if below and not deepest:
        found.whole = False
        return
    for entry in _latest_checkpoint(below):
        if not entry.name.startswith(".") and entry.name not in PASSED:
            _walk(Path(entry.path), found, deepest - 1)


def _entries(folder: Path, found: Found) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as listing:
            for entry in sorted(listing, key=lambda e: e.name):
                found.looked += 1
                if found.looked > MOST:
                    found.whole = False
                    return
                yield entry
    except OSError:
        found.whole = False


def _latest_checkpoint(
    folders: list["os.DirEntry[str]"],
) -> list["os.DirEntry[str]"]:
    """Of a trainer's checkpoints the last alone: it holds the log of those before."""
    numbered = {e: int(m[1]) for e in folders if (m := CHECKPOINT.fullmatch(e.name))}
    last = max(numbered, key=lambda entry: numbered[entry], default=None)
    return [e for e in folders if e not in numbered or e is last]
