"""Record the trainings of bench/trainings anew: `python -m tests.runs.record [NAME…]`.

Each run stands in `healthy/<name>/run.db` or `faulty/<rule>-<name>/run.db` beside this
file. Only the database is kept, and scripts are named without their folder, so that
nothing in it tells of the machine.
"""

import contextlib
import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.trainings import Training, trainings
from wellfit.verbs.run import run, start

HERE = Path(__file__).parent
# What only `wellfit check` looks at: these are tried out, not run to their end.
TRIED = {"wrong-gradient"}
BUDGET = 60.0  # seconds


def folder_of(training: Training) -> Path:
    """Where the training's run is kept."""
    if training.kind == "healthy":
        return HERE / "healthy" / training.name
    return HERE / "faulty" / f"{training.kind}-{training.name}"


def record(training: Training) -> Path:
    """Run the training watched, and keep what was seen."""
    kept = folder_of(training)
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    with TemporaryDirectory() as scratch, contextlib.chdir(training.path.parent):
        out = Path(scratch) / "run"
        if training.kind in TRIED:
            how = {"module": False, "overhead": 0.02, "every": None, "trying": BUDGET}
            seen = start([training.path.name], how, out=out, prints_to=sys.stderr)
        else:
            seen = run(training.path.name, out=out, prints_to=sys.stderr)
        assert seen.path is not None
        shutil.copy(seen.path / "run.db", kept / "run.db")
    return kept


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    wanted = sys.argv[1:]
    for found in trainings():
        if not wanted or found.name in wanted:
            print(record(found), flush=True)
