"""Another optimizer, and a schedule where there is none."""

import pytest
import torch

from tests.sources.scripts import PLAIN, change, edited, losses_of, same

WARM = change("warm-up", steps=5)
COSINE = change("schedule-learning-rate", steps=6)


@pytest.mark.parametrize(
    ("was", "to", "becomes"),
    [
        ("SGD({}, lr=0.3)", "adamw", "AdamW({}, lr=0.01, weight_decay=0)"),
        (
            "SGD({}, 0.3, momentum=0.9, weight_decay=wd)",
            "adam",
            "Adam({}, lr=0.01, weight_decay=wd)",
        ),
        (
            "AdamW({}, lr=0.3, betas=(0.8, 0.9), eps=1)",
            "adam",
            "Adam({}, lr=0.01, weight_decay=0.01, betas=(0.8, 0.9))",
        ),
        (
            "AdamW({}, lr=0.3, betas=(0.8, 0.9))",
            "sgd-momentum",
            "SGD({}, lr=0.01, momentum=0.9, weight_decay=0.01)",
        ),
        ("Adam({})", "rmsprop", "RMSprop({}, lr=0.01)"),
    ],
)
def test_another_optimizer_is_made_on_the_same(was, to, becomes):
    ctor = "SGD(net.parameters(), lr=0.3)"
    plain = f"wd = 0.1\n{PLAIN}"
    code = plain.replace(ctor, was.replace("{}", "net.parameters()"))
    switch = change("switch-optimizer", to=to, rate=0.01)
    new, left = edited(code, switch)
    assert not left
    assert new == plain.replace(ctor, becomes.replace("{}", "net.parameters()"))
    assert edited(new, switch)[0] == new
    assert torch.allclose(losses_of(new), losses_of(code, switch), rtol=1e-5)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (PLAIN.replace("SGD(net.parameters(), lr=0.3)", "AdamW([])"), "already"),
        (
            PLAIN.replace("net.parameters()", "[{'params': [], 'lr': 1.0}]"),
            "said elsewhere",
        ),
    ],
)
def test_an_optimizer_whose_rates_are_said_elsewhere_stays(code, why):
    switch = change("switch-optimizer", to="adamw", rate=0.01)
    new, left = edited(code, switch)
    assert new == code
    assert why in left[switch.id]


@pytest.mark.parametrize("one", [WARM, COSINE], ids=str)
def test_a_schedule_is_that_of_the_plan(one):
    new = same(PLAIN, one)
    assert "schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, " in new
    assert "optimizer.step()\n    schedule.step()\n" in new
    assert ("import math" in new) == (one is COSINE)


@pytest.mark.parametrize(
    ("was", "instead", "why"),
    [
        (
            "losses = []",
            "s = torch.optim.lr_scheduler.StepLR(optimizer, 2)\nlosses = []",
            "joined to the schedule",
        ),
        ("losses = []", "optimizer.param_groups[0]['lr'] = 1", "sets rates itself"),
        ("losses = []", "schedule = rate_schedule = schedule_of_rate = 1", "are taken"),
        ("losses = []", "other = torch.optim.SGD([])", "more than one"),
    ],
)
def test_a_schedule_that_could_clash_is_left(was, instead, why):
    code = PLAIN.replace(was, instead)
    new, left = edited(code, WARM)
    assert new == code
    assert why in left[WARM.id]


def test_rates_are_lowered_beneath_a_schedule_too():
    new, left = edited(PLAIN, change("lower-learning-rate", factor=0.1), WARM)
    assert not left
    by_hand, _ = edited(PLAIN.replace("0.3", "0.3 * 0.1"), WARM)
    assert torch.equal(losses_of(new), losses_of(by_hand))
