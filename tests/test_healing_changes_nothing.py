"""Under `roll-back` a healthy training is the same, bit for bit, in all ways to train.

And scripts of frameworks, which never heard of it, are healed.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.watched import bare
from wellfit.core.plan import Change, Plan
from wellfit.record import Recorder, open_run
from wellfit.taps.torch import TorchTap
from wellfit.taps.torch.changes import ChangesTap

HERE = Path(__file__).parent
OFTEN = ("accumulated", "adversarial", "closure", "mixed_precision", "reinforce")
MORE = (
    "averaged",
    "by_hand",
    "changing",
    "checkpointed",
    "direct_autograd",
    "fused",
    "in_backward",
    "learned_start",
    "odd_parameters",
    "own_function",
    "recurrent",
    "retained",
    "sliced",
    "teacher",
    "tied",
)
HEAL = Plan.of(Change(change="roll-back", params={"most": 5})).to_json()


@pytest.mark.parametrize("every", [1, None])
@pytest.mark.parametrize(
    "name", [*OFTEN, *(pytest.param(n, marks=pytest.mark.slow) for n in MORE)]
)
def test_a_healthy_loop_is_left_as_it_is(name, every, tmp_path):
    script = HERE / "loops" / f"{name}.py"
    alone = bare(script)
    with Recorder(tmp_path / "run") as recorder:
        watching = TorchTap(recorder)
        healing = ChangesTap(recorder, plan=HEAL, every=every, folder=tmp_path / "run")
        watching.attach()
        healing.attach()
        try:
            healed = bare(script)
        finally:
            healing.finish()
            watching.finish()
    run = open_run(tmp_path / "run")
    assert (healed.printed, healed.digest) == (alone.printed, alone.digest)
    assert alone.steps > 0
    assert run.facts["plan"]["without_effect"] == {}
    assert run.happened("intervention") == run.happened("note") == ()


FRAMEWORKS = ("accelerate_loop", "lightning_module", "transformers_trainer")
POISON = """
import runpy, torch
from torch.optim.optimizer import register_optimizer_step_post_hook
steps = 0
def poison(optimizer, args, kwargs):
    global steps
    steps += 1
    if steps == 8:
        optimizer.param_groups[0]["params"][0].data.fill_(float("nan"))
register_optimizer_step_post_hook(poison)
runpy.run_path({script!r}, run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_script_of_a_framework_is_healed(name, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(POISON.format(script=str(HERE / "frameworks" / f"{name}.py")))
    command = [sys.executable, "-m", "wellfit", "run", "--heal", "--every", "1"]
    ran = subprocess.run(
        [*command, "--out", "run", "train.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    run = open_run(tmp_path / "run")
    acts = [event.data["act"] for event in run.happened("intervention")]
    assert acts == ["rolled-back"], ran.stderr
    loss = run.signal("train/loss")
    assert loss.values[-1] == pytest.approx(loss.values[-1])  # no NaN
    assert "Where it broke, wellfit went back 1 time" in ran.stderr
