"""Train, watched: each in a process of its own, forked off one that has imported all.

A training is watched as `wellfit run` watches a script. When the watching is over, the
model is scored on rows that neither the training nor wellfit has seen.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.faults import store
from bench.faults.bases import BASES
from bench.faults.cases import Case
from bench.faults.data.data import Data, Missing
from bench.faults.kit import Outcome
from bench.faults.setting import Setting
from wellfit.taps.launch import Watched

# What a training imports on its way, and the parent does for all: the first optimizer
# of a process alone takes more than a second.
ON_THE_WAY = (
    "torch._dynamo",
    "sklearn.tree",
    "sklearn.model_selection",
    "wellfit.taps.torch.tap",
    "wellfit.taps.torch.ranks",
    "wellfit.taps.sklearn.tap",
    "wellfit.taps.boosting.xgboost",
    "wellfit.taps.boosting.lightgbm",
    "wellfit.data.fed",
)
SECONDS = 90  # of processor time, after which a training is given up


def needed(cases: Iterable[Case], *, any_taps: bool = False) -> list[Setting]:
    """The settings that are not there yet, each once, twins first."""
    wanted: dict[Setting, None] = {}
    for case in cases:
        for setting in (case.twin, case.setting):
            if setting is not None and not _there(setting, any_taps):
                wanted[setting] = None
    return list(wanted)


def _there(setting: Setting, any_taps: bool) -> bool:
    said = store.outcome(setting)
    return said is not None and (any_taps or said["taps"] == store.taps())


def generate(settings: Sequence[Setting], *, jobs: int = 1) -> dict[str, int]:
    """Make all these trainings; how many there are of each ending."""
    torch.set_num_threads(1)
    for name in ON_THE_WAY:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what all of them share is not to be copied
    running: dict[int, Setting] = {}
    endings: dict[str, int] = {}
    begun = time.monotonic()
    for done, setting in enumerate([*settings, *[None] * jobs]):
        if len(running) >= jobs or (setting is None and running):
            ended = _reap(running)
            endings[ended] = endings.get(ended, 0) + 1
        if setting is not None:
            running[_fork(setting)] = setting
        if done % 50 == 49:
            spent = time.monotonic() - begun
            print(f"{done + 1} of {len(settings)}, {spent:.0f} s", file=sys.stderr)
    return endings


def _reap(running: dict[int, Setting]) -> str:
    pid, status = os.wait()
    setting = running.pop(pid)
    said = store.outcome(setting) if status == 0 else None
    if said is None:  # killed, or out of time
        _write(setting, {"ending": "killed", "error": f"status {status}"})
        return "killed"
    return str(said["ending"])


def _fork(setting: Setting) -> int:
    folder = store.place(setting)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        _write(setting, train(setting, folder / "run"))
    except BaseException as error:
        with contextlib.suppress(OSError):
            (folder / "error.txt").write_text(repr(error))
        os._exit(1)
    os._exit(0)


def train(setting: Setting, folder: Path) -> dict[str, Any]:
    """Train in this process, watched into the folder; what came of it."""
    sys.argv = [f"{setting.base}.py"]
    settings = {"overhead": 0.02, "every": None, "rank": False, "module": False}
    watched = Watched({"folder": str(folder), "tell": None, **settings})
    watched.attach_to_loaded()
    begun = time.process_time()
    base = BASES[setting.base]
    try:
        outcome, data = base.train(setting)
    except Missing as error:
        return {"ending": "missing data", "error": str(error)}
    except Exception as error:
        watched.finish(error)
        return {"ending": "crashed", "error": f"{type(error).__name__}: {error}"}
    seconds = time.process_time() - begun
    watched.finish(None)
    return {"ending": "done", "seconds": seconds, **scores_of(setting, outcome, data)}


def scores_of(setting: Setting, outcome: Outcome, data: Data) -> dict[str, Any]:
    """The honest score, the one that the training shows, and its losses."""
    base = BASES[setting.base]
    assert outcome.val_outputs is not None
    score, seen = (
        base.score(np.asarray(said), y, setting.output)
        for said, y in (
            (outcome.predict(data.x_test), data.y_test),
            (outcome.val_outputs, data.y_val),
        )
    )
    return {
        "score": score,
        "seen": seen,
        "trivial": base.trivial(data.y_test),
        "trivial_loss": base.trivial_loss(data.y_val),
        "val_losses": [float(loss) for loss in outcome.val_losses],
    }


def _write(setting: Setting, said: dict[str, Any]) -> None:
    store.keep(setting, json.loads(json.dumps(said)))
