"""The runs that are kept: found, put in a line each, removed."""

import shutil
import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wellfit.core.errors import BadRun, UnknownName
from wellfit.core.run import Run
from wellfit.record import open_run, runs_in
from wellfit.record.folder import RUNS, databases, last_written
from wellfit.record.schema import DATABASE

if TYPE_CHECKING:
    from wellfit.core.treatment import Treatment


def runs(folder: str | Path = RUNS) -> tuple[Run, ...]:
    """The runs in a folder, the one last written to first.

    A run that cannot be read is left out, with a warning that says why.
    """
    found = []
    for path in runs_in(Path(folder)):
        try:
            found.append(open_run(path))
        except BadRun as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
    return tuple(found)


def treatments(folder: str | Path = RUNS) -> "tuple[Treatment, ...]":
    """The treatments in a folder, the one last written to first.

    One that cannot be read is left out, with a warning that says why.
    """
    from wellfit.trials.kept import FILE, open_treatment

    found = []
    files = sorted(Path(folder).glob(f"*/{FILE}"), key=lambda f: f.stat().st_mtime)
    for file in reversed(files):
        try:
            found.append(open_treatment(file.parent).treatment)
        except BadRun as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
    return tuple(found)


def find(name: str, folder: Path = RUNS) -> Path:
    """The run folder at the path `name`, or of that name in `folder`.

    `UnknownName` where there is neither; it says which name is nearest.
    """
    for place in (Path(name), folder / name):
        if databases(place):
            return place
    raise UnknownName("run", name, among=[path.name for path in runs_in(folder)])


def find_treatment(name: str, folder: Path = RUNS) -> Path | None:
    """The folder of a treatment at that path, or of that name; None without one."""
    from wellfit.trials.kept import is_treatment

    places = (place for place in (Path(name), folder / name) if is_treatment(place))
    return next(places, None)


def remove(run: str | Path) -> None:
    """Delete the folder of a run or of a treatment, and all that is in it.

    `BadRun` where it cannot be.
    """
    from wellfit.trials.kept import is_treatment

    path = Path(run)
    if not databases(path) and not is_treatment(path):
        raise BadRun(
            f"{path} is no run folder: it holds no {DATABASE}; nothing removed"
        )
    try:
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)
    except OSError as error:
        raise BadRun(f"{path} could not be removed whole: {error}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A run in a line: what was trained, how far, to what loss, and how it ended.

    `written` is when it was last written to, `steps` how many were seen; the losses
    are the last ones.
    """

    run: Path
    written: datetime
    model: str | None
    steps: int
    train_loss: float | None
    val_loss: float | None
    ended: str


def summary(run: Run, path: Path) -> Summary:
    """The run at `path` in a line."""
    return Summary(
        run=path,
        written=datetime.fromtimestamp(last_written(path)).astimezone(),
        model=(run.facts.get("model") or {}).get("class"),
        steps=run.last_step + 1,
        train_loss=last(run, "train/loss"),
        val_loss=last(run, "val/loss"),
        ended=ended(run),
    )


def last(run: Run, name: str) -> float | None:
    """The latest value of a signal, or None."""
    signal = run.get(name)
    return signal.last if signal is not None and len(signal) else None


def ended(run: Run) -> str:
    """How a run ended, in a word: `done`, `failed`, `interrupted`, `unfinished`."""
    said = run.facts.get("outcome")
    if said is None:
        return "unfinished"
    if said.get("interrupted"):
        return "interrupted"
    return "failed" if said.get("error") or said.get("exit") else "done"
