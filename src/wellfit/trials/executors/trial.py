"""What a trial is, wherever it runs: its folder, what it is told, why it failed."""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

from wellfit.core.errors import BadRun
from wellfit.core.plan import Plan
from wellfit.core.run import Run
from wellfit.record import open_run
from wellfit.record.folder import databases
from wellfit.trainer.room import shown

SAID = "said.txt"  # what the script prints in a trial
OVERHEAD = 0.02  # of the time, that looking may take
LAST = 500  # bytes of it, that are told where a trial fails
LONGEST = 150  # characters of a folder's name; file systems take 255

GivenUp = Callable[[Path], bool]  # asked now and then with the folder of a trial


def name_of(plan: Plan, seed: int) -> str:
    """What its folder is called."""
    name = "-".join([f"seed-{seed}", *plan.ids])
    if len(name) <= LONGEST:
        return name
    return f"seed-{seed}-{sha256(name.encode()).hexdigest()[:16]}"


def place_of(folder: Path, plan: Plan, seed: int) -> Path:
    """That folder, in the folder of a treatment."""
    return folder / "trials" / name_of(plan, seed)


def kept(folder: Path) -> Run | None:
    """The run that stands there already, ended; what was interrupted is removed."""
    if not databases(folder):
        return None
    with suppress(BadRun):  # ended before there was anything in it
        run = open_run(folder)
        if "outcome" in run.facts:
            return run
    rmtree(folder)  # nothing of it may reach the next
    return None


def made(folder: Path, plan: Plan) -> None:
    """Make the folder of a trial, with its plan."""
    folder.mkdir(parents=True, exist_ok=True)
    if plan.changes:
        plan.save(folder / "plan.yaml")


def settings_of(
    plan: Plan, seed: int, *, module: bool, judging: bool, stoppable: bool
) -> dict[str, Any]:
    """What `taps/launch.py` is told, but for the folder to record in."""
    return {
        "module": module,
        "overhead": OVERHEAD,
        "every": None,
        "rank": False,
        "tell": None,
        "seed": seed,
        "plan": plan.to_json(),
        "judging": judging,
        "stoppable": stoppable,
    }


def came_of(folder: Path) -> Run:
    """The run of a trial that has ended."""
    return open_run(folder) if databases(folder) else Run(path=folder)


def failed(folder: Path, why: str) -> Run:
    """The run of a trial that could not go on to its end."""
    return Run(path=folder, facts={"outcome": {"exit": 1, "why": why}})


def too_large(folder: Path, memory: int | None) -> Run:
    """The same, of one that took more memory than so many bytes."""
    return failed(folder, f"it took more than {shown(memory or 0)} of memory")


def failure(run: Run) -> str | None:
    """Why a trial failed: the script's own last words; None where it did not."""
    outcome = run.facts.get("outcome") or {"exit": 1}
    if not outcome["exit"]:
        return None
    if "why" in outcome:
        return str(outcome["why"])
    error = outcome.get("error")
    if error:
        return f"{error['type']}: {error['message']}"
    said = run.path and run.path / SAID
    text = said.read_bytes()[-LAST:].decode(errors="replace") if said else ""
    return (text.strip().splitlines() or ["it ended early"])[-1]
