"""What healing costs a training that is well, and how often it disturbs one.

    python -m bench.healing [--quick] [--rounds 30] [--only mlp]

The cost is told as in bench/overhead.py: in each round every way trains once, all of
them in turns; a ratio is of a training's seconds to those of the bare one of the same
round. Ways: bare, watched, watched and healed.

How often: the trainings of bench/faults that are well and not, judged step by step as
they train. A healthy training that is touched at all is a false intervention; of those
whose loss or weights end broken, told is how many end well with it.
"""

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from bench.faults.bases import BASES
from bench.faults.cases import Case, faulty, healthy
from bench.faults.quick import SIDE
from bench.faults.setting import Setting
from bench.machine import describe
from bench.overhead import bare, watched
from bench.paired import Ways, measure, show
from bench.peers import loop
from bench.turns import Turns
from bench.workloads import WORKLOADS, Workload
from wellfit.core.plan import Plan
from wellfit.record import Recorder, open_run
from wellfit.remedies.roll_back import RollBack
from wellfit.taps.torch import TorchTap
from wellfit.taps.torch.changes import ChangesTap

RESULTS = Path(__file__).parent / "results" / "healing.json"
ROUNDS = 30
HEAL = Plan.of(RollBack().change).to_json()
# What breaks a training, of the faults that there are.
BREAKING = ("rate-high", "restarts-hot", "recurrence-huge", "nan-log", "nan-sqrt")


def healed(turns: Turns, work: Workload) -> None:
    """As `wellfit run --heal` watches and changes."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        recorder = Recorder(run)
        taps = (TorchTap(recorder), ChangesTap(recorder, plan=HEAL, folder=run))
        for tap in taps:
            tap.attach()
        loop(turns, work, work.model())
        for tap in reversed(taps):
            tap.finish()
        recorder.close()


OFTEN: dict[str, Callable[[Turns, Workload], None]] = {
    "bare": bare,
    "watched": watched,
    "healed": healed,
}


def costs(names: Sequence[str], *, rounds: int, share: float) -> dict[str, Any]:
    """The ratios of each workload."""
    kept = {}
    for name in names:
        work = WORKLOADS[name]
        ways = Ways(often=OFTEN, seldom={}, bars={})
        steps = max(20, int(work.steps * share))
        for found in measure(ways, work, rounds=rounds, steps=steps):
            kept[name] = found
        show(name, kept[name])
        sys.stdout.flush()
    return kept


def disturbed(cases: Sequence[Case]) -> dict[str, Any]:
    """How many of these were touched, and how many end well, without it and with it."""
    told = []
    for case in cases:
        one = _apart(case.setting)
        print(f"{case.name}: {one}", file=sys.stderr)
        if one is not None:
            told.append({"name": case.name, **one})
    return {
        "trainings": len(told),
        "touched": sum(one["acts"] > 0 for one in told),
        "broken": sum(one["broken"] for one in told),
        "broken_healed": sum(one["healed_broken"] for one in told),
        "names": sorted({one["name"] for one in told if one["acts"]}),
    }


def _apart(setting: Setting) -> dict[str, Any] | None:
    """Train it in a process of its own, bare and then healed; None where it fails."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        try:
            with os.fdopen(write, "w") as pipe:
                json.dump(_both(setting), pipe)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said) if said else None


def _both(setting: Setting) -> dict[str, Any]:
    base = BASES[setting.base]
    torch.set_num_threads(1)
    before = _broken(base.train(setting)[0].val_losses)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        with Recorder(run) as recorder:
            tap = ChangesTap(recorder, plan=HEAL, folder=run)
            tap.attach()
            after = _broken(base.train(setting)[0].val_losses)
            tap.finish()
        acts = len(open_run(run).happened("intervention"))
    return {"acts": acts, "broken": before, "healed_broken": after}


def _broken(losses: Sequence[float]) -> bool:
    """Whether the last loss is no number, or far above the first."""
    last = losses[-1] if len(losses) else math.nan
    return not math.isfinite(last) or last > 3 * abs(losses[0])


def sample(cases: Sequence[Case], most: int) -> list[Case]:
    """So many of them that nets train, evenly spread, none of the untouched side."""
    nets = {name for name, base in BASES.items() if base.net is not None}
    known = [c for c in cases if c.side == SIDE and c.setting.base in nets]
    return known[:: max(1, len(known) // most)][:most]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of it, not kept")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="30 by default")
    parser.add_argument("--only", choices=list(WORKLOADS), help="one workload")
    parser.add_argument("--disturbed", action="store_true", help="only how often")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    names = [n for n, w in WORKLOADS.items() if w.device == "cpu"]
    names = [chosen.only] if chosen.only else names[:2] if chosen.quick else names
    rounds, share = (2, 0.05) if chosen.quick else (chosen.rounds, 1.0)
    most = 8 if chosen.quick else 120
    breaking = [case for case in faulty() if case.fault in BREAKING]
    found = {
        "healthy": disturbed(sample(healthy(), most)),
        "breaking": disturbed(sample(breaking, most // 2)),
        "machine": describe(),
    }
    print(json.dumps(found, indent=2))
    if not chosen.disturbed:
        found["workloads"] = costs(names, rounds=rounds, share=share)
    if not chosen.quick and not chosen.disturbed:
        RESULTS.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
