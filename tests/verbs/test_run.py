"""`wellfit run` is to a script what `python` is: it cannot tell the difference."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wellfit.core.errors import BadScript
from wellfit.record import open_run
from wellfit.verbs.run import run

SCRIPTS = {
    "arguments": "import sys; print(sys.argv)",
    "main": "if __name__ == '__main__': print(__file__, __spec__, __package__)",
    "path": "import sys, os; print(sys.path[0], os.getcwd(), sys.flags)",
    "namespace": "print(sorted(k for k in globals() if k != '__annotations__'))",
    "exits": "import sys; sys.exit(3)",
    "exits-with-words": "import sys; sys.exit('no data here')",
    "exits-with-none": "import sys; sys.exit()",
    "raises": "def f():\n    raise ValueError('no\\nsuch column')\nf()",
    "raises-in-turn": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
    "    raise RuntimeError('x') from e",
    "syntax-error": "print('before')\ndef f(:\n    pass",
    "null-bytes": "print(1)\0",
    "reads-stdin": "print(input())",
    "pickles": "import pickle\nclass A: pass\n"
    "print(type(pickle.loads(pickle.dumps(A()))))",
    "looks-at-its-source": "import inspect\ndef f(): pass\nprint(inspect.getsource(f))",
    "spawns": "import multiprocessing as m\ndef f(x): return x * x\n"
    "if __name__ == '__main__':\n"
    "    with m.get_context('spawn').Pool(1) as p: print(p.map(f, [1, 2]))",
    "has-a-neighbour": "from neighbour import WORD; print(WORD)",
    "leaves-at-once": "import os; print('x', flush=True); os._exit(7)",
    "says-goodbye": "import atexit; atexit.register(print, 'bye')",
    "has-an-excepthook": "import sys\nsys.excepthook = lambda *a: print(a[0])\n1/0",
    "is-thready": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(.2), print('late'))).start()",
    "fails-in-a-loss": "import torch\n"
    "torch.nn.functional.cross_entropy(torch.ones(2, 3), torch.ones(3))",
    "trains-nothing": "import torch; print(torch.ones(2).sum().item())",
}


def _as(command: list[str], folder: Path) -> tuple[int, str, str]:
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        input="a line\n",
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_as_under_python(name: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    script = tmp_path / "sub" / "script.py"
    script.write_text(SCRIPTS[name])
    (tmp_path / "sub" / "neighbour.py").write_text("WORD = 'hello'")
    words = ["sub/script.py", "--epochs", "2", "--json", "-", "-m"]
    python = _as([sys.executable, *words], tmp_path)
    out = ["--quiet", "--out", str(tmp_path / "run")]
    wellfit = _as([sys.executable, "-m", "wellfit", "run", *out, *words], tmp_path)
    assert wellfit == python


def test_a_module_runs_as_under_python(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("from . import other\nprint(other.WORD, __name__)")
    (package / "other.py").write_text("WORD = 'relative'")
    (package / "__main__.py").write_text(
        "import sys; from .other import WORD; print(WORD, __spec__.name, sys.argv[1:])"
    )
    for name in ("package", "package.part"):
        words = ["-m", name, "--lr", "1"]
        python = _as([sys.executable, *words], tmp_path)
        out = ["--quiet", "--out", str(tmp_path / f"run-{name}")]
        wellfit = _as([sys.executable, "-m", "wellfit", "run", *out, *words], tmp_path)
        assert wellfit == python
        assert python[0] == 0


TRAINING = """
import os, signal, time
import torch

model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(100_000):
    x = torch.randn(8, 4)
    loss = torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def test_a_script_that_is_killed_leaves_what_was_seen(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    end = "time.sleep(1.5); os.kill(os.getpid(), signal.SIGKILL)"
    script.write_text(TRAINING + f"    if step == 300: {end}\n")
    seen = run(script, out=tmp_path / "run")
    assert seen.facts["outcome"]["exit"] == 128 + signal.SIGKILL
    assert len(seen.signal("loss")) >= 280
    assert open_run(tmp_path / "run").facts["model"]["class"] == "Linear"


def test_ctrl_c_ends_with_a_diagnosis(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(TRAINING + "    if step == 50: print('going', flush=True)\n")
    said = tmp_path / "said.json"
    command = ["-m", "wellfit", "run", "--out", "run", "--json", str(said), "train.py"]
    # A shell starts what runs in its background deaf to Ctrl-C, and so its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    running = subprocess.Popen(
        [sys.executable, *command],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    assert running.stdout is not None
    assert running.stdout.readline() == "going\n"
    time.sleep(0.2)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors.count("KeyboardInterrupt") == 1
    assert "/taps/" not in errors  # no line of ours in their traceback
    diagnosis = json.loads(said.read_text())
    assert diagnosis["script_exit"] == 130
    assert open_run(tmp_path / "run").facts["outcome"]["interrupted"] is True
    assert len(open_run(tmp_path / "run").signal("loss")) > 50


@pytest.mark.parametrize(
    ("script", "module", "said"),
    [
        ("trian.py", False, "no script 'trian.py'; did you mean 'train.py'?"),
        ("nowhere/train.py", False, "no script 'nowhere/train.py'"),
        (".", False, "is a folder without a __main__.py"),
        ("no_such_module", True, "no module 'no_such_module'"),
    ],
)
def test_what_cannot_be_started_is_said(
    script: str,
    module: bool,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("")
    with pytest.raises(BadScript) as raised:
        run(script, module=module)
    assert said in str(raised.value)
    assert not (tmp_path / "wellfit-runs").exists()


def test_secrets_stay_out_of_the_run_folder(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("raise SystemExit(0)")
    run(script, ["--token", "hunter2-hunter2", "--lr", "0.1"], out=tmp_path / "run")
    for file in (tmp_path / "run").rglob("*"):
        assert b"hunter2" not in file.read_bytes()
    assert open_run(tmp_path / "run").facts["command"]["args"][2:] == ["--lr", "0.1"]


TRAINS = """
import torch
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)
x = torch.randn(150, 5)
y = x @ torch.randn(5, 1)
net = nn.Linear(5, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(4):
    for rows in torch.randperm(150).split(15):
        loss = nn.functional.mse_loss(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def test_what_we_fit_to_judge_the_rows_is_not_the_scripts(tmp_path: Path) -> None:
    """Scikit-learn is loaded by us, once the script has ended."""
    (tmp_path / "train.py").write_text(TRAINS)
    seen = run(tmp_path / "train.py", out=tmp_path / "out")
    assert seen.facts["reference"]["model"]  # it was fitted
    assert seen.facts["command"]["framework"] == "torch"
    assert seen.facts["training"]["steps"] == 40
    assert "fits" not in seen.facts
