"""Losses of our own against slow twins, row by row."""

import math

import pytest
import torch
from torch import nn

from wellfit.objectives.losses import ExponentialLoss, FocalLoss, LogCoshLoss

GENERATOR = torch.Generator().manual_seed(0)
OUTPUTS = torch.randn(20, 3, generator=GENERATOR)
TARGETS = torch.randint(3, (20,), generator=GENERATOR)
WEIGHT = torch.tensor([0.5, 1.0, 2.0])


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_focal_of_gamma_0_is_cross_entropy(weight):
    ours = FocalLoss(gamma=0.0, weight=weight)(OUTPUTS, TARGETS)
    torch.testing.assert_close(ours, nn.CrossEntropyLoss(weight)(OUTPUTS, TARGETS))


def test_focal_against_its_equation():
    each = []
    for row, target in zip(OUTPUTS.tolist(), TARGETS.tolist(), strict=True):
        p = math.exp(row[target]) / sum(map(math.exp, row))
        each.append(-((1 - p) ** 2) * math.log(p))
    assert float(FocalLoss()(OUTPUTS, TARGETS)) == pytest.approx(sum(each) / 20)


def test_exponential_of_two_classes_is_that_of_their_margin():
    outputs = OUTPUTS[:, :2]
    targets = TARGETS.clamp(max=1)
    margins = [
        (row[t] - row[1 - t]) / 2
        for row, t in zip(outputs.tolist(), targets.tolist(), strict=True)
    ]
    expected = sum(math.exp(-m) for m in margins) / 20
    assert float(ExponentialLoss()(outputs, targets)) == pytest.approx(expected)


def test_log_cosh_is_finite_far_out_and_right_near():
    errors = torch.tensor([-2.0, 0.1, 1.5])
    expected = sum(math.log(math.cosh(e)) for e in errors.tolist()) / 3
    assert float(LogCoshLoss()(errors, torch.zeros(3))) == pytest.approx(expected)
    assert math.isfinite(float(LogCoshLoss()(torch.tensor([1e6]), torch.zeros(1))))
