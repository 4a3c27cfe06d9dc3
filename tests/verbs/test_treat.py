"""A plan is proven by runs of the script, and what stands in the way is told."""

import json
import subprocess
import sys
import time
from contextlib import closing

import pytest

from wellfit import treat
from wellfit.core.errors import BadScript, BadSetting, UnknownName
from wellfit.core.plan import Change, Plan
from wellfit.core.verdict import Outcome
from wellfit.record import Recorder, open_run
from wellfit.remedies.plans import read_plan
from wellfit.trials.executors.local import Local

LOWER = Plan.of(Change(change="lower-learning-rate", params={"factor": 0.01}))
# Its rate is far too high: it ends where it began, or worse.
SCRIPT = """
import torch
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)
x = torch.randn(200, 5)
y = x @ torch.randn(5, 1) + 0.1 * torch.randn(200, 1)
net = nn.Linear(5, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.9)
for epoch in range(4):
    net.train()
    for rows in torch.randperm(150).split(15):
        loss = nn.functional.mse_loss(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        held = nn.functional.mse_loss(net(x[150:]), y[150:])
    print(epoch, held.item())
"""


@pytest.fixture(scope="module")
def treated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("treated")
    (folder / "train.py").write_text(SCRIPT)
    trials = []
    found = treat(
        folder / "train.py", plan=LOWER, out=folder / "out", on_trial=trials.append
    )
    return found, trials, folder


@pytest.mark.slow
def test_a_plan_that_helps_is_proven(treated):
    found, trials, _ = treated
    assert found.metric == "val/loss"
    assert found.verdict.outcome is Outcome.BETTER
    assert found.verdict.effect.low > 0
    assert len(trials) == 2 * len(found.verdict.control)
    said = found.to_json()
    assert said["outcome"] == "better"
    assert said["plan"] == LOWER.to_json()
    assert said["best"]["effect"]["median"] == found.verdict.effect.median


@pytest.mark.slow
def test_each_trial_is_a_run_of_its_own_and_pairs_share_their_seed(treated):
    found, trials, folder = treated
    runs = {p.name: open_run(p) for p in (folder / "out" / "trials").iterdir()}
    assert len(runs) == len(trials)
    (change,) = LOWER.changes
    for seed in range(1, len(trials) // 2 + 1):
        bare, changed = runs[f"seed-{seed}"], runs[f"seed-{seed}-{change.id}"]
        assert bare.facts["seeds"] == changed.facts["seeds"]
        assert bare.signal("loss").values[0] == changed.signal("loss").values[0]
        assert changed.facts["plan"]["applied"]
        assert "plan" not in bare.facts
    assert len({*found.verdict.control}) == len(found.verdict.control)


@pytest.mark.slow
def test_trials_that_are_there_are_not_run_again(treated):
    found, _, folder = treated
    begun = time.monotonic()
    again = treat(folder / "train.py", plan=LOWER, out=folder / "out")
    assert again.verdict == found.verdict
    assert time.monotonic() - begun < 0.2 * found.seconds


@pytest.mark.slow
def test_what_is_proven_is_a_diff_of_the_script_too(treated, tmp_path):
    _, _, folder = treated
    (tmp_path / "train.py").write_text(SCRIPT)
    command = ["patch", "-p1", "--input", str(folder / "out" / "changes.diff")]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    words = [str(tmp_path / "train.py")]
    local = Local(words=words, module=False, folder=tmp_path / "out")
    with closing(local.forks):
        edited = local.run(Plan(), 1, seconds=300)
    trial = open_run(folder / "out" / "trials" / Local.name(LOWER, 1))
    for name in ("loss", "val/loss"):
        assert list(edited.signal(name).values) == list(trial.signal(name).values)
    assert not (folder / "out" / "left.yaml").exists()


@pytest.mark.slow
def test_the_command_line_says_it(treated):
    found, _, folder = treated
    command = [sys.executable, "-m", "wellfit", "treat", "--with", "out/plan.yaml"]
    command += ["--out", "out", "--json", "said.json", "train.py"]
    ran = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    assert "✔ lower-learning-rate(factor=0.01)" in ran.stdout
    assert "better" in ran.stdout
    assert "val/loss: smaller is better" in ran.stdout
    assert "wellfit run --with out/plan.yaml SCRIPT" in ran.stdout
    assert "patch -p1 < out/changes.diff" in ran.stdout
    said = json.loads((folder / "said.json").read_text())
    told = found.to_json()
    assert {**said, "seconds": 0} == {**told, "seconds": 0}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What helps that script, looked for."""
    folder = tmp_path_factory.mktemp("found")
    (folder / "train.py").write_text(SCRIPT)
    begun, trials = [], []
    treatment = treat(
        folder / "train.py",
        out=folder / "out",
        budget="15m",
        on_begin=begun.append,
        on_trial=trials.append,
    )
    return treatment, begun, trials, folder


@pytest.mark.slow
def test_a_remedy_is_found_and_proven_on_other_seeds(found):
    treatment, (begun,), trials, folder = found
    assert treatment.outcome == "better"
    (change, *_) = treatment.verdict.plan.changes
    assert change.change == "lower-learning-rate"
    assert "learning-rate-too-high" in [f.rule for f in begun.findings]
    assert begun.proposals <= len(treatment.tried)
    assert len(trials) == treatment.trials
    proven = {t.seed for t in trials if t.plan == treatment.verdict.plan} - {0, 1001}
    assert proven == {*range(1, len(treatment.verdict.control) + 1)}
    assert read_plan(folder / "out" / "plan.yaml") == treatment.verdict.plan
    said = treatment.to_json()
    assert [v["outcome"] for v in said["verdicts"]][-1] == "better"
    assert {v["outcome"] for v in said["verdicts"][:-1]} <= {"tried", "failed"}


@pytest.mark.slow
def test_an_interrupted_search_goes_on_where_it_was(found):
    treatment, _, _, folder = found
    begun, told = time.monotonic(), []
    again = treat(folder / "train.py", out=folder / "out", on_begin=told.append)
    assert told[0].seconds > 0  # by which trials are bounded
    assert (again.verdict, again.tried) == (treatment.verdict, treatment.tried)
    assert time.monotonic() - begun < 0.2 * treatment.seconds


def test_a_healthy_script_is_left_alone(tmp_path):
    text = SCRIPT.replace("lr=0.9", "lr=0.05").replace("range(4)", "range(30)")
    (tmp_path / "train.py").write_text(text)
    trials = []
    treatment = treat(
        tmp_path / "train.py", out=tmp_path / "out", on_trial=trials.append
    )
    assert (treatment.outcome, treatment.verdict) == ("healthy", None)
    assert {trial.seed for trial in trials} <= {0, 1001}  # nothing was worth a proof
    assert treatment.to_json()["baseline"]["values"] == list(treatment.baseline)


def test_a_script_that_fails_as_it_is_proves_nothing(tmp_path):
    (tmp_path / "train.py").write_text("raise ValueError('no data here')")
    with pytest.raises(BadScript, match=r"fails as it is.*ValueError: no data here"):
        treat(tmp_path / "train.py", plan=LOWER, out=tmp_path / "out")


def test_a_script_that_takes_longer_than_the_budget_is_ended(tmp_path):
    (tmp_path / "train.py").write_text("import time; time.sleep(60)")
    begun = time.monotonic()
    with pytest.raises(BadScript, match="give it more --budget"):
        treat(tmp_path / "train.py", plan=LOWER, out=tmp_path / "out", budget="4s")
    assert time.monotonic() - begun < 20


@pytest.mark.slow
def test_what_changes_nothing_is_said_to_after_three_pairs(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT.replace("0.9", "0.01"))
    never = Plan.of(Change(change="clip-gradients", params={"norm": 1e6}))
    never.save(tmp_path / "plan.yaml")
    command = [sys.executable, "-m", "wellfit", "treat", "--with", "plan.yaml"]
    command += ["--out", "out", "--json", "said.json", "train.py"]
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "✘ clip-gradients(norm=1000000.0)  changes nothing" in ran.stdout
    said = json.loads((tmp_path / "said.json").read_text())
    assert (said["outcome"], said["plan"], said["trials"]) == ("no-effect", [], 6)
    (verdict,) = said["verdicts"]
    assert verdict["plan"] == never.to_json()
    assert len({*said["baseline"]["values"]}) == 3  # the seeds vary, though set
    with pytest.raises(UnknownName, match="did you mean 'val/loss'"):
        treat(tmp_path / "train.py", plan=never, metric="val/los", out=tmp_path / "out")


def test_what_cannot_be_is_told_before_anything_runs(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    with pytest.raises(BadSetting, match="cannot be read"):
        treat(script, plan=tmp_path / "none.yaml")
    with pytest.raises(BadScript, match="no script"):
        treat(tmp_path / "none.py", plan=LOWER)
    with pytest.raises(BadSetting, match="a budget is a time"):
        treat(script, plan=LOWER, budget="soon")
    with pytest.raises(TypeError, match="metrik"):
        treat(script, plan=LOWER, metrik="val/loss")


def test_what_an_interrupted_trial_has_left_does_not_reach_the_next(tmp_path):
    (tmp_path / "train.py").write_text("print('done')")
    folder = tmp_path / "trials" / "seed-1"
    with Recorder(folder) as recorder:
        recorder.value("val/loss", 7, 0.5)  # and nothing of how it ended
    (folder / "run.db-wal").write_bytes(b"stale")
    words = [str(tmp_path / "train.py")]
    run = Local(words=words, module=False, folder=tmp_path).run(Plan(), 1, seconds=60)
    assert run.facts["outcome"]["exit"] == 0
    assert run.get("val/loss") is None


def test_trials_run_beside_each_other(tmp_path):
    """Each waits for the other: alone, it would not end."""
    (tmp_path / "both.py").write_text(
        "import sys, time, os\n"
        "from pathlib import Path\n"
        f"here = Path({str(tmp_path)!r})\n"
        "(here / f'met-{os.getpid()}').touch()\n"
        "while len(list(here.glob('met-*'))) < 2:\n"
        "    time.sleep(0.02)\n"
    )
    words = [str(tmp_path / "both.py")]
    local = Local(words=words, module=False, folder=tmp_path / "out", jobs=2)
    local.ahead([(Plan(), 1), (LOWER, 1)], seconds=60)
    runs = [local.run(plan, 1, seconds=1) for plan in (Plan(), LOWER)]
    assert [run.facts["outcome"]["exit"] for run in runs] == [0, 0]
    hung = Local(words=words, module=False, folder=tmp_path / "other", jobs=2)
    for file in tmp_path.glob("met-*"):
        file.unlink()
    (tmp_path / "both.py").write_text("import time; time.sleep(60)")
    hung.ahead([(Plan(), 1), (LOWER, 1)], seconds=1.5)
    assert hung.run(LOWER, 1, seconds=60) is None  # it is not tried once more
