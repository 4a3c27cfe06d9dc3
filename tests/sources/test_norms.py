"""Norms in a Sequential, and batches of other sizes."""

import pytest
import torch

from tests.sources.scripts import HEAD, PLAIN, change, edited, losses_of, same
from tests.sources.test_shuffling import CUT, LOADER

LAYER = change("insert-normalization", kind="layer")
BATCH = change("insert-normalization", kind="batch")
IMAGES = (
    HEAD
    + """
x = torch.randn(12, 1, 6, 6)
net = nn.Sequential(
    nn.Conv2d(1, 3, 3),  # edges
    nn.ReLU(),
    nn.Conv2d(3, out_channels=2, kernel_size=3),
    nn.Flatten(),
    nn.Linear(8, 1),
)
"""
    + PLAIN[PLAIN.index("optimizer") :].replace("y)", "y[:12])")
)


def test_norms_stand_after_layers_but_the_last():
    new, left = edited(IMAGES, BATCH)
    assert not left
    assert "nn.Conv2d(1, 3, 3),\n    nn.BatchNorm2d(3),  # edges\n" in new
    assert "kernel_size=3),\n    nn.BatchNorm2d(2),\n    nn.Flatten()," in new
    assert new.count("Norm") == 2
    assert torch.allclose(losses_of(new), losses_of(IMAGES, BATCH), rtol=1e-5)
    assert edited(new, BATCH)[0] == new


@pytest.mark.parametrize(
    ("code", "norm"), [(PLAIN, "nn.LayerNorm(8)"), (IMAGES, "nn.GroupNorm(1, 3)")]
)
def test_layer_norms_are_those_of_the_plan(code, norm):
    new, _ = edited(code, LAYER)
    assert norm in new
    assert torch.allclose(losses_of(new), losses_of(code, LAYER), rtol=1e-5)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (PLAIN, "rows or tokens"),
        (IMAGES.replace("nn.Flatten()", "*more"), "is not seen"),
        (IMAGES + "print(net[0])", "named by their places"),
        (IMAGES + "class Net(nn.Module): pass", "not one Sequential"),
        (IMAGES.replace("nn.ReLU()", "nn.BatchNorm2d(3)"), "norms already"),
        (IMAGES.replace("1, 3, 3", "1, width(), 3"), "not said plainly"),
    ],
)
def test_a_model_that_is_not_seen_whole_is_left(code, why):
    new, left = edited(code, BATCH)
    assert new == code
    assert why in left[BATCH.id]


def test_batches_of_a_training_are_resized():
    larger = change("resize-batch", factor=2.0)
    new = same(LOADER.format(more=", shuffle=True"), larger)
    assert "batch_size=12 * 2, shuffle=True" in new
    assert "held = DataLoader(TensorDataset(x, y), batch_size=12)\n" in new


@pytest.mark.parametrize(
    ("code", "factor", "why"),
    [
        (LOADER.format(more=""), 0.5, "no whole number"),
        (LOADER.format(more=", drop_last=True"), 2.0, "drop_last of its own"),
        (CUT, 2.0, "makes no DataLoader"),
    ],
)
def test_batches_whose_size_is_not_surely_theirs_stay(code, factor, why):
    one = change("resize-batch", factor=factor)
    new, left = edited(code, one)
    assert new == code
    assert why in left[one.id]
