"""The runs at a path: a run folder's, or those that anybody's logs tell of."""

from pathlib import Path

from wellfit.core.errors import BadRun
from wellfit.core.run import Run


def read(path: str | Path) -> tuple[Run, ...]:
    """The runs at a path: a run folder's one, or those that logs tell of.

    `BadRun` where there is none, or nothing that can be read.
    """
    from wellfit.record import open_run
    from wellfit.record.folder import databases

    if databases(Path(path)):
        return (open_run(path),)

    from wellfit.logs import read_logs

    return read_logs(path)


def only(path: str | Path) -> Run:
    """The one run at a path; `BadRun` where there are several."""
    found = read(path)
    if len(found) > 1:
        names = ", ".join(name_of(run) for run in found[:3])
        raise BadRun(
            f"{path} holds {len(found)} runs ({names}, …): name one of them, or "
            "diagnose all of them with `wellfit diagnose`"
        )
    return found[0]


def name_of(run: Run) -> str:
    """What to call a run: as its log was found, or by its folder."""
    named = run.facts.get("log", {}).get("name")
    return str(named or (run.path.name if run.path is not None else "run"))
