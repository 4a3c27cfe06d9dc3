"""The order of the rows, and how often they are gone through."""

import pytest
import torch

from tests.sources.scripts import HEAD, change, edited, losses_of, same
from wellfit.sources.shuffling import shuffle_by_hand

SHUFFLE = change("shuffle-batches")
BY_HAND = {"shuffle-batches": shuffle_by_hand}
START = (
    HEAD
    + """
from torch.utils.data import DataLoader, TensorDataset
net = nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
losses = []

def step(a, b):
    optimizer.zero_grad()
    loss = F.mse_loss(net(a), b)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

"""
)
LOADER = (
    START
    + """
def train(rows):
    for place, (a, b) in enumerate(rows):
        step(a, b)

held = DataLoader(TensorDataset(x, y), batch_size=12)
loader = DataLoader(TensorDataset(x, y), batch_size=12{more})
for epoch in range(2):
    train(loader)
    with torch.no_grad():
        for a, b in held:
            F.mse_loss(net(a), b)
"""
)
CUT = (
    START
    + """
for epoch in range(2):
    # a pass
    for i in range(0, len(x), 12):
        a, b = x[i:i + 12], y[i : i+12]
        step(a, b)
"""
)


@pytest.mark.parametrize("more", ["", ", shuffle=False", ", num_workers=0"])
def test_a_loader_that_is_trained_from_shuffles(more):
    new = same(LOADER.format(more=more), SHUFFLE)
    assert new.count("shuffle=True") == 1
    assert "held = DataLoader(TensorDataset(x, y), batch_size=12)\n" in new


@pytest.mark.parametrize("more", [", sampler=s", ", **options", ", shuffle=a"])
def test_a_loader_that_has_an_order_of_its_own_is_left(more):
    code = LOADER.format(more=more)
    new, left = edited(code, SHUFFLE)
    assert new == code
    assert left


def test_batches_that_are_cut_by_hand_are_cut_in_a_random_order():
    new, _ = edited(CUT, SHUFFLE, edits=BY_HAND)
    by_hand = CUT.replace(
        "    # a pass\n", "    # a pass\n    order = torch.randperm(len(x))\n"
    )
    by_hand = by_hand.replace("x[i:i + 12]", "x[order[i:i + 12]]")
    by_hand = by_hand.replace("y[i : i+12]", "y[order[i : i+12]]")
    assert new == by_hand
    assert not torch.equal(losses_of(new), losses_of(CUT))
    assert edited(new, SHUFFLE, edits=BY_HAND)[0] == new


@pytest.mark.parametrize(
    ("was", "instead"),
    [
        ("        step(a, b)", "        step(a, b)\n        print(i)"),
        ("        step(a, b)", "        print(a, b)"),  # it trains nothing
        ("range(0, len(x), 12)", "range(5, len(x), 12)"),
        ("for epoch", "x = [*x]\nfor epoch"),
        ("for epoch", "x = torch.randperm(48)\nfor epoch"),
    ],
)
def test_what_may_be_another_loop_stays(was, instead):
    code = CUT.replace(was, instead)
    assert edited(code, SHUFFLE, edits=BY_HAND)[0] == code


LONGER = change("train-longer", factor=2.0)


def test_epochs_are_counted_further_where_batches_are_cut_by_hand():
    new, left = edited(CUT, LONGER)
    assert not left
    assert "for epoch in range(2 * 2):" in new
    assert len(losses_of(new)) == 2 * len(losses_of(CUT))
    assert edited(new, LONGER)[0] == new
    half, _ = edited(CUT, change("train-longer", factor=1.5))
    assert "range(round(2 * 1.5))" in half


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (LOADER.format(more=""), "over a DataLoader"),
        (CUT.replace("range(2)", "seeds"), "counts no epochs"),
        (CUT + "\nfor epoch in range(3): step(x, y)", "2 loops"),
        (
            CUT.replace("losses = []", "torch.optim.lr_scheduler.StepLR(optimizer, 2)"),
            "would have to be stretched",
        ),
    ],
)
def test_epochs_that_are_not_surely_ones_are_left(code, why):
    new, left = edited(code, LONGER)
    assert new == code
    assert why in left[LONGER.id]


def test_a_loop_over_several_trainings_is_none_over_epochs():
    made = CUT[CUT.index("net = ") : CUT.index("losses = []")]
    loops = CUT[CUT.index("for epoch") :]
    within = "\n".join(f"    {line}" for line in f"{made}{loops}".splitlines())
    code = CUT.replace(made, "").replace(loops, f"for seed in range(3):\n{within}\n")
    new, _ = edited(code, LONGER)
    assert new == code.replace("range(2)", "range(2 * 2)")
