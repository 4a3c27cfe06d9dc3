"""The report of a run or a treatment, as one HTML file."""

from pathlib import Path

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.core.treatment import Treatment
from wellfit.record import open_run
from wellfit.show.report.page import render
from wellfit.show.report.treatment import treatment_page
from wellfit.trials.kept import is_treatment, open_treatment
from wellfit.verbs.diagnose import diagnose
from wellfit.verbs.explain import page_of


def report(
    run: Run | Treatment | str | Path,
    path: str | Path | None = None,
    *,
    diagnosis: Diagnosis | None = None,
) -> Path:
    """Write the report of a run or a treatment as one HTML file, and say where it is.

    `run` is a Run or its folder, or a Treatment or its folder; `path` is `report.html`
    in that folder unless given, `diagnosis` what all the rules say of a run. The file
    opens offline and stays under 2 MB. `BadRun` where there is no run, `BadSetting`
    where the file cannot be written.
    """
    if isinstance(run, Treatment):
        return _treated(run.path, path)
    if not isinstance(run, Run) and is_treatment(run):
        return _treated(Path(run), path)
    read = run if isinstance(run, Run) else open_run(run)
    if path is None and read.path is None:
        raise BadSetting("this run has no folder of its own: give the report a path")
    target = Path(path) if path is not None else Path(read.path or "") / "report.html"
    write_page(target, render(read, diagnosis or diagnose(read), page=_manual))
    return target


def _treated(folder: Path, path: str | Path | None) -> Path:
    target = folder / "report.html" if path is None else Path(path)
    write_page(target, treatment_page(open_treatment(folder), page=_manual))
    return target


def _manual(name: str) -> str | None:
    try:
        return page_of(name)
    except UnknownName:
        return None


def write_page(target: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a page.

    `BadSetting` where the file cannot be written.
    """
    unfinished = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(text.encode("utf-8", "replace"))
        unfinished.replace(target)
    except OSError as error:
        raise BadSetting(
            f"the report must go to a file that can be written; got {str(target)!r}: "
            f"{error.strerror}"
        ) from error
