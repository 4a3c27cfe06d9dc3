"""Which rank of a distributed training this process is, and the folder they share."""

import os
import re
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from wellfit.record import new_folder, vacant
from wellfit.record.folder import RUNS
from wellfit.record.schema import database


def rank() -> int:
    """The rank of this process: as PyTorch has it, or as its launcher says; else 0."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available():
        with suppress(RuntimeError, ValueError):
            if distributed.is_initialized():
                return int(distributed.get_rank())
    return _number("RANK")


def folder_for(name: str, out: str | Path | None, *, base: Path = RUNS) -> Path:
    """The run folder: `out`, or a fresh one; all ranks of one launcher find the same.

    `BadRun` where another run stands in `out`.
    """
    several = _number("WORLD_SIZE") > 1 or rank() > 0
    if out is not None:
        again = _number("TORCHELASTIC_RESTART_COUNT")  # see `make_room`
        return Path(out) if again else vacant(Path(out), rank())
    return _shared(name, base) if several else new_folder(name, base=base)


def make_room(folder: Path, rank: int) -> None:
    """Where a launcher starts its ranks again, put what the first ones saw aside."""
    attempt = _number("TORCHELASTIC_RESTART_COUNT")
    if not attempt:
        return
    aside = folder / "attempts" / str(attempt)
    for file in folder.glob(f"{database(rank)}*"):
        aside.mkdir(parents=True, exist_ok=True)
        file.rename(aside / file.name)


def _shared(name: str, base: Path) -> Path:
    """Named by when the launcher was started and its number: nobody need be asked."""
    import psutil

    launcher = os.getppid()
    begun = datetime.fromtimestamp(psutil.Process(launcher).create_time())
    suited = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "run"
    folder = base / f"{begun:%Y%m%d-%H%M%S}-{suited}-{launcher}"
    with suppress(OSError):  # the recorder then says so
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _number(variable: str) -> int:
    try:
        return max(int(os.environ.get(variable, "")), 0)
    except ValueError:
        return 0
