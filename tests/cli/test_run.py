"""`wellfit run`: what the command adds to the verb."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TRAINING = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
print("to standard output")
x = torch.randn(256, 8)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=float(sys.argv[1]))
for step in range(120):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
sys.exit(int(sys.argv[2]))
"""


def _wellfit(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "wellfit", "run", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(TRAINING)
    return tmp_path


def test_json_alone_is_on_standard_output(folder: Path) -> None:
    ran = _wellfit(folder, "--json", "-", "train.py", "0.1", "0")
    said = json.loads(ran.stdout)
    assert ran.returncode == 0
    assert said["script_exit"] == 0
    assert Path(said["run"]).parent == folder / "wellfit-runs"
    assert "to standard output" in ran.stderr


def test_findings_go_to_standard_error_and_the_status_is_the_scripts(
    folder: Path,
) -> None:
    ran = _wellfit(folder, "--fail-on", "note", "train.py", "1000", "3")
    assert ran.stdout == "to standard output\n"
    assert ran.returncode == 3
    assert "learning-rate-too-high" in ran.stderr
    # What a tap judges the data with is imported when the script has ended.
    assert "cannot watch" not in ran.stderr
    assert "stopped watching" not in ran.stderr


def test_a_finding_may_fail_the_run(folder: Path) -> None:
    assert (
        _wellfit(folder, "--fail-on", "critical", "train.py", "1000", "0").returncode
        == 10
    )


def test_settings_of_the_project_are_honoured(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(
        '[tool.wellfit]\nout = "kept"\nignore = ["learning-rate-too-high"]\nevery = 1\n'
    )
    ran = _wellfit(
        folder, "--ignore", "underfitting", "--json", "-", "train.py", "1000", "0"
    )
    said = json.loads(ran.stdout)
    assert Path(said["run"]).parent == folder / "kept"
    judged = {f["rule"] for f in [*said["findings"], *said["not_checked"]]}
    assert not judged & {"learning-rate-too-high", "underfitting"}
    assert judged


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--ignore", "overfiting", "train.py"), "did you mean 'overfitting'?"),
        (("--overhead", "lots", "train.py"), "--overhead must be a share of the time"),
        (("--every", "0", "train.py"), "--every"),
        (("tarin.py",), "did you mean 'train.py'?"),
        ((), "Missing argument"),
    ],
)
def test_misuse_is_one_sentence_before_anything_runs(
    words: tuple[str, ...], said: str, folder: Path
) -> None:
    ran = _wellfit(folder, *words)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (folder / "wellfit-runs").exists()


def test_a_run_that_is_there_is_not_written_into(folder: Path) -> None:
    assert _wellfit(folder, "--out", "kept", "train.py", "0.1", "0").returncode == 0
    before = (folder / "kept" / "run.db").read_bytes()
    again = _wellfit(folder, "--out", "kept", "train.py", "0.1", "0")
    assert again.returncode == 2
    assert "kept holds a run already" in again.stderr
    assert (folder / "kept" / "run.db").read_bytes() == before


def test_a_script_that_trains_nothing_is_said_to(folder: Path) -> None:
    (folder / "nothing.py").write_text("print('x')")
    ran = _wellfit(folder, "nothing.py")
    assert ran.returncode == 0
    assert "no training seen" in ran.stderr


def test_a_folder_that_cannot_be_made_costs_a_warning_not_the_run(folder: Path) -> None:
    (folder / "file").write_text("")
    ran = _wellfit(folder, "--out", "file/run", "--json", "-", "train.py", "0.1", "0")
    assert ran.returncode == 0
    assert ran.stderr.count("wellfit: ") == 1
    assert Path(json.loads(ran.stdout)["run"]).is_dir()


BREAKING = TRAINING.replace(
    "    optimizer.step()\n",
    "    optimizer.step()\n"
    "    if step == 60:\n"
    "        model[0].weight.data.fill_(float('nan'))\n",
).replace("sys.exit(", "print('loss', loss.item())\nsys.exit(")


def test_a_run_that_breaks_is_healed(folder: Path) -> None:
    (folder / "train.py").write_text(BREAKING)
    sick = _wellfit(folder, "--quiet", "train.py", "0.1", "0")
    assert "loss nan" in sick.stdout
    healed = _wellfit(folder, "--heal", "--json", "out.json", "train.py", "0.1", "0")
    assert float(healed.stdout.split()[-1]) < 0.7
    assert "Trained with roll-back(most=5)." in healed.stderr
    assert "wellfit went back 1 time" in healed.stderr
    said = json.loads((folder / "out.json").read_text())
    assert "divergence" not in [one["rule"] for one in said["findings"]]


def test_how_often_it_goes_back_is_a_number(folder: Path) -> None:
    refused = _wellfit(folder, "--heal-most", "0", "train.py", "0.1", "0")
    assert refused.returncode == 2
    seen = _wellfit(folder, "--heal-most", "2", "train.py", "0.1", "0")
    assert "Trained with roll-back(most=2)." in seen.stderr
