"""Where runs stand: a folder each, named by time."""

import re
from contextlib import suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from wellfit.core.errors import BadRun
from wellfit.record.schema import DATABASE

RUNS = Path("wellfit-runs")


def new_folder(name: str, *, base: Path = RUNS) -> Path:
    """Make a fresh folder for a run: `wellfit-runs/20260131-154500-train`.

    What does not suit a file name becomes `-`; where the name is taken, `-2`, `-3`, …
    follow. Where it cannot be made its path is returned all the same: the recorder
    then says so and falls back to another place.
    """
    suited = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "run"
    wanted = base / f"{datetime.now():%Y%m%d-%H%M%S}-{suited}"
    endings = chain([""], (f"-{number}" for number in count(2)))
    with suppress(OSError):
        base.mkdir(parents=True, exist_ok=True)
        return next(made for ending in endings if (made := _made(f"{wanted}{ending}")))
    return wanted


def vacant(folder: Path) -> Path:
    """The folder that was asked for; `BadRun` where a run stands in it already."""
    if (folder / DATABASE).exists():
        raise BadRun(
            f"{folder} holds a run already; name another folder with --out, or remove "
            f"that run with `wellfit remove {folder}`"
        )
    return folder


def _made(path: str) -> Path | None:
    try:
        Path(path).mkdir()
    except FileExistsError:
        return None
    return Path(path)


def runs_in(folder: Path) -> list[Path]:
    """The run folders directly below `folder`, the one last written to first."""
    found = {path.parent: _last_written(path) for path in folder.glob(f"*/{DATABASE}")}
    return sorted(found, key=lambda run: (found[run], run.name), reverse=True)


def _last_written(database: Path) -> float:
    """Seconds; of its -wal while it is written to, and 0 where it has just gone."""
    wal = database.with_name(f"{DATABASE}-wal")
    with suppress(OSError):
        return (wal if wal.exists() else database).stat().st_mtime
    return 0.0
