"""Where runs stand: a folder each, named by time."""

import re
from contextlib import suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from wellfit.core.errors import BadRun
from wellfit.record.schema import database

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


def vacant(folder: Path, rank: int = 0) -> Path:
    """The folder that was asked for; `BadRun` where a run stands in it already.

    Other ranks of the same run may be there before this one.
    """
    if (folder / database(rank)).exists():
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


def databases(folder: Path) -> dict[int, Path]:
    """The files of a run by rank, from the first rank up; none where it is no run."""
    found = {}
    for path in folder.glob("run*.db"):
        match = re.fullmatch(r"run(?:-([1-9]\d*))?\.db", path.name)
        if match and path.is_file():
            found[int(match[1] or 0)] = path
    return dict(sorted(found.items()))


def runs_in(folder: Path) -> list[Path]:
    """The run folders directly below `folder`, the one last written to first."""
    found = {path.parent for path in folder.glob("*/run*.db")}
    written = {run: last_written(run) for run in found if databases(run)}
    return sorted(written, key=lambda run: (written[run], run.name), reverse=True)


def last_written(run: Path) -> float:
    """When a run folder was last written to, in seconds; 0 where it has just gone."""
    return max(map(_last_written, databases(run).values()), default=0.0)


def _last_written(path: Path) -> float:
    """Seconds; of its -wal while it is written to, and 0 where it has just gone."""
    wal = path.with_name(f"{path.name}-wal")
    with suppress(OSError):
        return (wal if wal.exists() else path).stat().st_mtime
    return 0.0
