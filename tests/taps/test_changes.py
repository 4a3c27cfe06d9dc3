"""A plan on a training that knows nothing of it, beside the same written by hand."""

import subprocess
import sys
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from wellfit.core.plan import Change, Plan
from wellfit.record import open_run
from wellfit.taps.torch.changes import ChangesTap

LOWER = Change(change="lower-learning-rate", params={"factor": 0.25})
RAISE = Change(change="raise-learning-rate", params={"factor": 8.0})
CLIP = Change(change="clip-gradients", params={"norm": 0.05})
STEPS = 12
OPTIMIZERS = {
    "sgd": lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9, nesterov=True),
    "adamw": torch.optim.AdamW,
    "rate in a tensor": lambda p, lr: torch.optim.AdamW(p, torch.tensor(lr)),
}
SCHEDULES = {
    "none": lambda o: None,
    "lambda": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda k: 0.5**k),
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, STEPS),
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 3, gamma=0.5),
}


class Kept:
    """What a tap records."""

    def __init__(self):
        self.facts = {}

    def fact(self, name, data):
        self.facts[name] = data

    def event(self, kind, step, **data):
        raise AssertionError((kind, data))


@contextmanager
def changed(*changes):
    kept = Kept()
    tap = ChangesTap(kept, plan=Plan.of(*changes).to_json())
    tap.attach()
    try:
        yield kept
    finally:
        tap.finish()


def trained(make, schedule=SCHEDULES["none"], *, factor=1.0, norm=None):
    """The weights after some steps, with the rates scaled and gradients clipped."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    x, y = torch.randn(32, 4), torch.randn(32, 1)
    optimizer = make(net.parameters(), 0.05)
    scheduler = schedule(optimizer)
    for _ in range(STEPS):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        if norm is not None:
            nn.utils.clip_grad_norm_(net.parameters(), norm)
        own = [group["lr"] for group in optimizer.param_groups]
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] * factor if factor != 1.0 else group["lr"]
        optimizer.step()
        for group, rate in zip(optimizer.param_groups, own, strict=True):
            group["lr"] = rate
        if scheduler is not None:
            scheduler.step()
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    return torch.cat([p.detach().flatten() for p in net.parameters()]), rates


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("change", [LOWER, RAISE], ids=str)
def test_rates_are_scaled_under_any_schedule(optimizer, schedule, change):
    make, plan = OPTIMIZERS[optimizer], SCHEDULES[schedule]
    bare, rates = trained(make, plan)
    expected, _ = trained(make, plan, factor=change.params["factor"])
    with changed(change) as kept:
        found, own = trained(make, plan)
    assert torch.equal(found, expected)
    assert not torch.equal(found, bare)
    assert own == rates  # the script's own, between the steps
    said = {"changes": [change.to_json()], "applied": True, "without_effect": {}}
    assert kept.facts["plan"] == said
    assert torch.equal(trained(make, plan)[0], bare)  # nothing stays behind


def test_gradients_are_clipped_as_pytorch_clips_them():
    make = OPTIMIZERS["sgd"]
    expected, _ = trained(make, norm=0.05)
    with changed(CLIP):
        found, _ = trained(make)
    assert torch.equal(found, expected)
    assert not torch.equal(found, trained(make)[0])


def test_a_change_that_comes_twice_counts_once_and_others_add_up():
    make = OPTIMIZERS["sgd"]
    with changed(LOWER, LOWER):
        twice, _ = trained(make)
    assert torch.equal(twice, trained(make, factor=0.25)[0])
    with changed(LOWER, RAISE, CLIP):
        together, _ = trained(make)
    assert torch.equal(together, trained(make, factor=2.0, norm=0.05)[0])


def test_a_step_that_fails_leaves_the_rates_as_they_were():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(3))], lr=0.5)

    def fails():
        raise RuntimeError("no loss")

    with changed(LOWER):
        with pytest.raises(RuntimeError, match="no loss"):
            optimizer.step(fails)
        weight = optimizer.param_groups[0]["params"][0]
        weight.grad = torch.ones(3)
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert torch.equal(weight.detach(), torch.full((3,), 1 - 0.5 * 0.25))


def test_a_plan_that_meets_no_optimizer_says_so():
    with changed(LOWER) as kept:
        pass
    assert kept.facts["plan"]["applied"] is False


SCRIPT = """
import sys
import torch
torch.manual_seed(0)
net = torch.nn.Linear(4, 2)
x, y = torch.randn(64, 4), torch.randint(0, 2, (64,))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1 * float(sys.argv[1]))
for _ in range(30):
    loss = torch.nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print([w.hex() for w in net.weight.flatten().tolist()])
"""


def test_a_line_in_a_script_does_the_same(tmp_path):
    Plan.of(LOWER, Change(change="add-momentum", params={})).save(tmp_path / "p.yaml")
    applied = "import wellfit\nwellfit.apply('p.yaml')\n" + SCRIPT.replace(
        "torch.optim.SGD", "torch.optim.Adam"
    )
    by_hand = SCRIPT.replace("torch.optim.SGD", "torch.optim.Adam")

    def ran(text, rate):
        command = [sys.executable, "-c", text, rate]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        )

    one, two = ran(applied, "1"), ran(by_hand, "0.25")
    assert one.stdout == two.stdout
    assert "add-momentum(momentum=0.9) changes nothing: no optimizer" in one.stderr
    assert two.stderr == ""


def test_the_command_line(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    Plan.of(LOWER).save(tmp_path / "plan.yaml")

    def wellfit(*words):
        command = [sys.executable, "-m", "wellfit", "run", *words]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    changed_ = wellfit("--with", "plan.yaml", "--out", "one", "train.py", "1")
    by_hand = wellfit("--quiet", "--out", "two", "train.py", "0.25")
    assert changed_.returncode == by_hand.returncode == 0
    assert changed_.stdout == by_hand.stdout
    assert "Trained with lower-learning-rate(factor=0.25)." in changed_.stderr
    one, two = open_run(tmp_path / "one"), open_run(tmp_path / "two")
    assert one.facts["plan"]["applied"]
    assert "plan" not in two.facts
    rates = [run.signal("learning_rate").values[-1] for run in (one, two)]
    assert rates[0] == pytest.approx(rates[1])
    (tmp_path / "plan.yaml").write_text("changes:\n  - change: lower-rate\n")
    refused = wellfit("--with", "plan.yaml", "--out", "three", "train.py", "1")
    assert refused.returncode == 2
    assert "plan.yaml, line 2: no change 'lower-rate'" in refused.stderr
    assert not (tmp_path / "three").exists()
    (tmp_path / "plain.py").write_text("print('nothing is trained')")
    Plan.of(LOWER).save(tmp_path / "plan.yaml")
    idle = wellfit("--with", "plan.yaml", "--out", "four", "plain.py")
    assert "Not applied: lower-learning-rate(factor=0.25)" in idle.stderr
