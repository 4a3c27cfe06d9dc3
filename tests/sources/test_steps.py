"""What is done beside a step, and to what optimizers are made with."""

import pytest
import torch

from tests.sources.scripts import HEAD, PLAIN, change, edited, losses_of, same

LOWER = change("lower-learning-rate", factor=0.1)
CLIP = change("clip-gradients", norm=0.05)
DECAY = change("penalize-weights", decay=0.3)
MOMENTUM = change("add-momentum", momentum=0.9)
ZERO = change("zero-gradients")

# As in PyTorch's own examples: a function that is given all, and closed over nothing.
TOLD = (
    HEAD
    + """
from torch import optim
losses = []

def train(model, opt, rows):
    for part in rows.split(12):
        opt.zero_grad()
        loss = F.mse_loss(model(x[part]), y[part])
        loss.backward()
        opt.step()
        losses.append(loss.item())

def main(rate=0.3):
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = optim.SGD(
        net.parameters(),  # all of them
        lr=rate,  # as ever
    )
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for epoch in range(3):
        train(net, optimizer, torch.arange(48))
        scheduler.step()

main()
"""
)
CLASS = (
    HEAD
    + """
class Trainer:
    def __init__(self):
        self.net = nn.Linear(4, 1)
        groups = [{"params": [self.net.weight], "lr": 0.2}, {"params": [self.net.bias]}]
        self.optimizer = torch.optim.Adam(groups)

    def fit(self):
        for step in range(6):
            self.optimizer.zero_grad()
            loss = F.mse_loss(self.net(x), y)
            loss.backward()
            if step % 2 == 1: self.optimizer.step()
            losses.append(loss.item())

losses = []
Trainer().fit()
"""
)


@pytest.mark.parametrize("code", [PLAIN, TOLD, CLASS], ids=["plain", "told", "class"])
@pytest.mark.parametrize("one", [LOWER, CLIP, DECAY], ids=str)
def test_an_edited_text_trains_as_the_plan_does(code, one):
    if code is CLASS and one is not LOWER:
        new, left = edited(code, one)
        assert "does more than to step" in left[one.id]
        assert new == code
    elif code is TOLD and one is LOWER:
        new, _ = edited(code, one)  # a schedule takes the product the other way round
        assert torch.allclose(losses_of(new), losses_of(code, one), rtol=1e-6)
    else:
        same(code, one)


def test_together_they_stand_in_one_text():
    new = same(PLAIN, LOWER, CLIP, DECAY, MOMENTUM)
    assert "lr=0.3 * 0.1, momentum=0.9)" in new
    step = new.index("optimizer.step()")
    comment = new.index("# down the hill")
    clip = new.index("nn.utils.clip_grad_norm_(net.parameters(), 0.05)")
    assert comment < clip < new.index("with torch.no_grad():") < step


def test_gradients_that_are_never_cleared_are():
    code = PLAIN.replace("    optimizer.zero_grad()\n", "")
    new = same(code, ZERO)
    assert "optimizer.step()\n    optimizer.zero_grad()\n" in new


def test_comments_and_layout_are_kept():
    new, _ = edited(TOLD, LOWER, MOMENTUM)
    lines = ["net.parameters(),  # all of them", "lr=rate * 0.1,  # as ever"]
    assert "\n        ".join([*lines, "momentum=0.9,\n"]) in new


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("lr=0.3", "lr=0.3 * 0.1"),
        ("lr=args.lr or 0.1", "lr=(args.lr or 0.1) * 0.1"),
        ("0.3, 0.9", "0.3 * 0.1, 0.9"),
        ("momentum=0.9", "momentum=0.9, lr=0.001 * 0.1"),
    ],
)
def test_rates_are_scaled_wherever_they_come_from(was, becomes):
    code = PLAIN.replace("lr=0.3", was)
    new, left = edited(code, LOWER)
    assert f"SGD(net.parameters(), {becomes})" in new
    assert not left


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("OneCycleLR(optimizer, 0.5, 20)", "OneCycleLR(optimizer, 0.5 * 0.1, 20)"),
        ("CosineAnnealingLR(optimizer, 8, eta_min=0)", None),
        (
            "CosineAnnealingLR(optimizer, 8, 1e-3)",
            "CosineAnnealingLR(optimizer, 8, 1e-3 * 0.1)",
        ),
    ],
)
def test_rates_of_schedulers_are_scaled_too(was, becomes):
    made = f"scheduler = torch.optim.lr_scheduler.{was}\nlosses = []"
    code = PLAIN.replace("losses = []", made)
    code = code.replace("optimizer.step()", "optimizer.step()\n    scheduler.step()")
    new, left = edited(code, LOWER)
    assert (becomes or was) in new
    assert not left
    assert torch.allclose(losses_of(new), losses_of(code, LOWER), rtol=1e-5)


def test_rates_that_a_script_sets_are_scaled():
    own = """\
    for group in optimizer.param_groups:
        group["lr"] = 0.3 * 0.8**step
"""
    code = PLAIN.replace("    loss = F", f"{own}    loss = F")
    new, _ = edited(code, LOWER)
    assert 'group["lr"] = (0.3 * 0.8**step) * 0.1' in new
    assert torch.allclose(losses_of(new), losses_of(code, LOWER), rtol=1e-6)


@pytest.mark.parametrize(
    ("was", "instead", "why"),
    [
        ("torch.optim.SGD(", "Lion(", "makes no optimizer"),
        ("lr=0.3", "**options", "by a star"),
        ("lr=0.3", "lr=0.1 * 0.3", "has that factor already"),
        ("optimizer.step()", "optimizer.step(closure)", ""),
        (
            "optimizer = torch.optim.SGD(net.parameters(), lr=0.3)",
            "optimizer = getattr(torch.optim, kind)(net)\nhead = torch.optim.SGD([])",
            "not sure what optimizer is",
        ),
        (
            "    loss = F",
            "    optimizer.param_groups[0]['lr'] = 2 * g['initial_lr']\n    loss = F",
            "makes a rate of another",
        ),
    ],
)
def test_what_is_not_sure_is_left(was, instead, why):
    code = PLAIN.replace(was, instead)
    new, left = edited(code, LOWER)
    if not why:
        new, left = edited(code, CLIP)
        why = "a closure"
    assert new == code
    assert why in "".join(left.values())


def test_steps_of_a_scaler_are_left():
    code = PLAIN.replace("optimizer.step()", "scaler.step(optimizer)")
    code = code.replace("losses = []", "losses = []\nscaler = torch.amp.GradScaler()")
    _, left = edited(code, CLIP)
    assert "scaled" in left[CLIP.id]


def test_momentum_that_is_there_stays():
    code = PLAIN.replace("lr=0.3", "lr=0.3, momentum=0.5")
    new, _ = edited(code, MOMENTUM)
    assert new == code
    code = PLAIN.replace("SGD", "Adam")
    assert "could have a momentum" in edited(code, MOMENTUM)[1][MOMENTUM.id]
