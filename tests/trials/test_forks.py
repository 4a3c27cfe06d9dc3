"""Trials that are forked off a process that has loaded what they need."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wellfit.core.plan import Change, Plan
from wellfit.core.run import Run
from wellfit.trials.executors.forks import MORE, Forks
from wellfit.trials.executors.local import Local

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone forks")
LOWER = Plan.of(Change(change="lower-learning-rate", params={"factor": 0.5}))
SAYS = """
import json, os, random, sys
loaded = "colorsys" in sys.modules
print(json.dumps({
    "argv": sys.argv, "name": __name__, "path": sys.path[0], "folder": os.getcwd(),
    "drawn": random.random(), "order": list({"a", "b", "c", "d"}), "loaded": loaded,
    "input": sys.stdin.read(), "leads": os.getpgid(0) == os.getpid(),
}))
print("also this", file=sys.stderr)
"""


def local(folder, text, *, modules=("colorsys",), jobs=1):
    """Trials of a script; they are forked where there are modules to load."""
    folder.mkdir(exist_ok=True)
    script = folder / "train.py"
    script.write_text(text)
    forks = Forks(modules=modules)
    words = [str(script), "--rate", "1"]
    out = folder / "out"
    return Local(words=words, module=False, folder=out, jobs=jobs, forks=forks)


def said(trials, seed):
    return (trials.place(Plan(), seed) / "said.txt").read_text()


def test_a_fork_sees_what_a_process_from_scratch_sees(tmp_path):
    found = {}
    for way, modules in (("forked", ("colorsys",)), ("scratch", ())):
        trials = local(tmp_path / "both", SAYS, modules=modules)
        for seed in (0, 1, 4):
            run = trials.run(Plan(), seed, seconds=60)
            assert run.facts["outcome"]["exit"] == 0
            text = said(trials, seed)
            first, second = text.splitlines()
            found.setdefault(seed, {})[way] = json.loads(first)
            assert second == "also this"
            (trials.place(Plan(), seed) / "run.db").unlink()  # to be run once more
        trials.forks.close()
    for both in found.values():
        assert (both["forked"].pop("loaded"), both["scratch"].pop("loaded")) == (1, 0)
        assert both["forked"] == both["scratch"]
        assert both["forked"]["leads"]
    assert len({both["forked"]["drawn"] for both in found.values()}) == 3


def test_how_a_fork_ends_is_known(tmp_path):
    ends = "import sys\nwith open('/dev/null') as f: pass\n"
    cases = {
        ends: 0,
        ends + "sys.exit(3)": 3,
        ends + "raise ValueError('no')": 1,
        "import atexit\natexit.register(print, 'last words')": 0,
    }
    for place, (text, status) in enumerate(cases.items()):
        trials = local(tmp_path / str(place), text)
        run = trials.run(Plan(), 1, seconds=60)
        assert run.facts["outcome"]["exit"] == status
        trials.forks.close()
    assert "last words" in said(trials, 1)


def test_a_fork_that_is_killed_says_nothing_of_its_end(tmp_path):
    text = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    trials = local(tmp_path, text)
    assert "outcome" not in trials.run(Plan(), 1, seconds=60).facts
    trials.forks.close()


def test_a_fork_that_hangs_is_ended_with_all_that_it_has_started(tmp_path):
    text = (
        "import subprocess, sys, time\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "child = subprocess.Popen(sleep)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    trials = local(tmp_path, text)
    assert trials.run(Plan(), 1, seconds=3) is None
    child = int(said(trials, 1))
    assert _ends(child)
    trials.forks.close()


def test_forks_run_beside_each_other(tmp_path):
    text = (
        "import os, time\nfrom pathlib import Path\n"
        f"here = Path({str(tmp_path)!r})\n"
        "(here / f'met-{os.getpid()}').touch()\n"
        "while len(list(here.glob('met-*'))) < 2:\n    time.sleep(0.02)\n"
    )
    trials = local(tmp_path, text, jobs=2)
    trials.ahead([(Plan(), 1), (LOWER, 1)], seconds=60)
    runs = [trials.run(plan, 1, seconds=1) for plan in (Plan(), LOWER)]
    assert [run.facts["outcome"]["exit"] for run in runs] == [0, 0]
    trials.forks.close()


def test_where_there_can_be_no_fork_it_is_a_process_from_scratch(tmp_path, monkeypatch):
    trials = local(tmp_path, "print('done')")
    monkeypatch.setattr("wellfit.trials.executors.forks.Server.start", lambda *_: None)
    run = trials.run(Plan(), 1, seconds=60)
    assert run.facts["outcome"]["exit"] == 0
    assert (trials.forks.modules, trials.forks.impossible) == ((), True)


def test_what_cannot_be_loaded_is_left_to_the_script(tmp_path):
    trials = local(tmp_path, "print('done')", modules=("no_such_module", "colorsys"))
    assert trials.run(Plan(), 1, seconds=60).facts["outcome"]["exit"] == 0
    assert trials.forks.modules
    trials.forks.close()


def test_forks_end_with_whoever_has_asked_for_them(tmp_path):
    trials = local(
        tmp_path, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)"
    )
    asking = (
        "from pathlib import Path\n"
        "from wellfit.core.plan import Plan\n"
        "from wellfit.trials.executors.forks import Forks\n"
        "from wellfit.trials.executors.local import Local\n"
        f"Local(words={trials.words!r}, module=False,"
        f" folder=Path({str(trials.folder)!r}),"
        " forks=Forks(modules=['colorsys'])).run(Plan(), 1, seconds=60)\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", asking])
    file = trials.place(Plan(), 1) / "said.txt"
    until = time.monotonic() + 30
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < until
        time.sleep(0.05)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert _ends(int(file.read_text()))


def _ends(pid):
    """Whether a process is gone within seconds; a zombie is."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            told = Path(f"/proc/{pid}/stat").read_text()
            if told.rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return False


@pytest.mark.parametrize(
    ("command", "loaded", "modules"),
    [
        ({}, ["numpy", "torch"], ["numpy", "torch", *MORE["torch"]]),
        (
            {},
            ["os", "scipy.stats", "sklearn"],
            ["scipy.stats", "sklearn", *MORE["sklearn"]],
        ),
        ({"sets_environment": True}, ["torch"], ()),
        ({}, ["numpy", "tensorflow", "lightgbm"], ()),
    ],
)
def test_only_what_is_the_same_to_the_bit_is_forked(command, loaded, modules):
    forks = Forks()
    forks.learn(Run.of(facts={"command": command}), loaded)
    assert forks.modules == modules


@pytest.mark.slow
def test_a_forked_training_is_that_of_a_process_from_scratch_to_the_bit(tmp_path):
    text = (
        "import torch\n"
        "net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Dropout(),"
        " torch.nn.Linear(16, 1))\n"
        "optimizer = torch.optim.Adam(net.parameters())\n"
        "for step in range(30):\n"
        "    loss = net(torch.randn(32, 8)).square().mean()\n"
        "    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n"
    )
    losses = {}
    for way in ("forked", "scratch"):
        trials = local(tmp_path / way, text, modules=())
        trials.forks.impossible = way == "scratch"
        trials.run(Plan(), 0, seconds=120)
        assert bool(trials.forks.modules) == (way == "forked")
        for seed, plan in ((1, Plan()), (2, Plan()), (1, LOWER)):
            run = trials.run(plan, seed, seconds=120)
            found = [v.hex() for v in run.signal("loss").values.tolist()]
            losses.setdefault((seed, plan.ids), []).append(found)
        trials.forks.close()
    assert all(forked == scratch for forked, scratch in losses.values())
    assert len({found[0][-1] for found in losses.values()}) == 3
