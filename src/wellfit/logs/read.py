"""Anybody's logs, as Runs."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from wellfit.core.errors import BadLog, BadRun
from wellfit.core.run import Run
from wellfit.logs import registry
from wellfit.logs.assemble import run_of
from wellfit.logs.find import Found, find
from wellfit.logs.mlflow import run_folder
from wellfit.logs.peek import Peek
from wellfit.logs.source import Source
from wellfit.logs.together import together
from wellfit.record import open_run
from wellfit.record.schema import DATABASE


def read_logs(path: str | Path) -> tuple[Run, ...]:
    """The trainings that a log, or a folder of logs, tells of.

    What each file is is found out by its content. The fact `log` of a Run says what was
    read as what: the formats, the files, what steps are, which column was taken for
    which signal and which were left. wellfit's own run folders below it are opened as
    well. `BadLog` where there is nothing, or nothing that can be read. Nothing in a
    file is ever unpickled or run.
    """
    place = Path(path)
    if not place.exists():
        raise BadLog(
            f"there is nothing at {place}; expected a run folder, a log, or a folder "
            "of logs"
        )
    if place.is_dir():
        return _of_folder(place.resolve())
    file = place.resolve()
    if file.name == DATABASE:
        return (open_run(file),)
    found = together(registry.read(Peek.at(file, named=True)), file.parent)
    if len(found) == 1 and not found[0].sources[0].run:
        found = [replace(found[0], name=file.name)]
    runs = tuple(run for one in found if (run := run_of(one)).signals)
    if not runs:
        raise BadLog(f"{file} holds no numbers yet; {registry.EXPECTED}")
    return runs


def _of_folder(root: Path) -> tuple[Run, ...]:
    found = find(root)
    logs = list(_sources(found))
    runs = [*_opened(found), *(run_of(one) for one in together(logs, root))]
    seen = [run for run in runs if run.signals]
    if not seen:
        raise BadLog(_nothing(root, found))
    return tuple(seen)


def _sources(found: Found) -> Iterator[Source]:
    for folder in found.stores:
        with suppress(BadLog, OSError):
            yield run_folder(folder)
    for file in found.files:
        with suppress(BadLog):
            peek = Peek.at(file)
            if peek.size:
                yield from registry.sources([peek])


def _opened(found: Found) -> Iterator[Run]:
    for folder in found.runs:
        with suppress(BadRun):
            yield open_run(folder)


def _nothing(root: Path, found: Found) -> str:
    files = len(found.files)
    return (
        f"no log of a training in {root}: looked at {files} "
        f"file{'' if files == 1 else 's'}; name a log itself to have it read whatever "
        "its columns are called"
    )
