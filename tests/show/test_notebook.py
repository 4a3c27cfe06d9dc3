"""`%load_ext wellfit` in a real IPython shell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wellfit
from wellfit.record import open_run

SETUP = """
import torch
from torch import nn
torch.manual_seed(0)
x = torch.randn(128, 4)
y = x.sum(1, keepdim=True)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
"""
TRAIN = """
for step in range(30):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
last = loss.item()
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config)
    made.run_cell("%load_ext wellfit").raise_error()
    made.run_cell(SETUP).raise_error()
    try:
        yield made
    finally:
        made.run_cell("%unload_ext wellfit")
        InteractiveShell.clear_instance()


def _shown(shell: Any, cell: str) -> tuple[str, list[dict[str, str]]]:
    """What a cell printed, and what it displayed, by kind."""
    from IPython.utils.capture import capture_output

    with capture_output() as captured:
        shell.run_cell(cell)
    return captured.stdout, [dict(output.data) for output in captured.outputs]


def test_a_cell_is_watched_and_its_findings_are_shown_below_it(shell: Any) -> None:
    printed, (shown,) = _shown(shell, f"%%wellfit --out run --every 1\n{TRAIN}")
    run = open_run(Path("run"))
    assert run.signal("train/loss").last == shell.user_ns["last"]
    assert "Sequential · 30 steps" in shown["text/plain"]
    assert "Sequential · 30 steps" in shown["text/html"]
    assert shown["text/html"].startswith("<pre")
    assert "\x1b" not in shown["text/html"] + shown["text/plain"]
    assert printed == ""
    assert _shown(shell, TRAIN) == ("", [])  # the next one is not watched
    assert len(open_run(Path("run")).signal("train/loss")) == 30


def test_a_whole_session_is_watched(shell: Any) -> None:
    printed, shown = _shown(shell, "%wellfit on --out run")
    assert "into" in printed
    assert shown == []
    _, (first,) = _shown(shell, TRAIN)
    assert "Sequential · " in first["text/plain"]
    new = _shown(shell, "x.shape")[1]
    assert all("text/html" not in one for one in new)  # nothing was trained
    _, (second,) = _shown(shell, TRAIN)
    assert first["text/plain"] != second["text/plain"]
    _, (again,) = _shown(shell, "%wellfit")
    assert "Sequential · " in again["text/plain"]
    _, (last,) = _shown(shell, "%wellfit off")
    assert "60 steps" in last["text/plain"]
    assert _shown(shell, TRAIN) == ("", [])
    assert len(open_run(Path("run")).signal("train/loss")) == 60
    assert "watches nothing" in _shown(shell, "%wellfit")[0]


def test_every_step_of_a_cell_is_told_of_below_it(shell: Any) -> None:
    _shown(shell, "%wellfit on --out run")
    _, (shown,) = _shown(shell, TRAIN)
    assert "30 steps" in shown["text/plain"]


def test_an_exception_is_the_cells_own_and_recorded(shell: Any) -> None:
    printed, shown = _shown(shell, f"%%wellfit --out run\n{TRAIN}\n1 / 0")
    assert "ZeroDivisionError" in printed
    assert "30 steps" in shown[-1]["text/plain"]
    assert open_run(Path("run")).facts["outcome"]["error"]["type"] == (
        "ZeroDivisionError"
    )


@pytest.mark.parametrize("line", ["now", "on --every x", "--overhead lots"])
def test_misuse_is_one_line(shell: Any, line: str) -> None:
    printed, shown = _shown(shell, f"%wellfit {line}")
    assert printed.startswith("wellfit: %wellfit [on|off]")
    assert printed.count("\n") == 1
    assert shown == []


def test_unloading_takes_everything_away(shell: Any) -> None:
    _shown(shell, "%wellfit on --out run")
    backward = shell.user_ns["torch"].Tensor.backward
    wellfit.unload_ipython_extension(shell)
    assert shell.user_ns["torch"].Tensor.backward is not backward
    assert "wellfit" not in shell.magics_manager.magics["cell"]
    assert not shell.events.callbacks["post_run_cell"]
