"""Which values of a layer's output are looked at."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wellfit.taps.torch.layers import LEAST, MOST, ROWS, _Samples, _Walk

SHAPES = st.lists(st.integers(1, 9), min_size=2, max_size=5)


def _sampled(values: torch.Tensor, *, wide: bool, lively: bool) -> torch.Tensor:
    shape, strides = tuple(values.shape), values.stride()
    walk = _Walk.over(shape, strides, MOST, wide=wide, lively=lively)
    samples = _Samples()
    samples.begin(torch.device("cpu"))
    samples.add(values, walk)
    return samples.end().reshape(walk.rows, walk.units)


@given(SHAPES, st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_a_unit_s_sample_is_of_its_own_values(shape, random, wide, lively):
    order = list(range(len(shape)))
    random.shuffle(order)  # a layout that nobody thought of
    values = torch.arange(torch.Size(shape).numel(), dtype=torch.float32)
    values = values.reshape([shape[axis] for axis in order])
    values = values.permute([order.index(axis) for axis in range(len(shape))])
    assert list(values.shape) == shape
    found = _sampled(values, wide=wide, lively=lively)
    inner = len(shape) > 3 or (wide and len(shape) > 2)
    units = values.movedim(1, -1) if inner else values
    units = units.reshape(-1, units.shape[-1])
    assert found.shape[1] == units.shape[1]
    for unit, sample in zip(units.T, found.T, strict=True):
        assert torch.isin(sample, unit).all()
        assert len(sample.unique()) == len(sample)  # none of them twice


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_an_image_is_seen_at_places_all_over_it(layout):
    rows = torch.arange(32.0)[:, None].expand(64, 16, 32, 32)
    columns = torch.arange(32.0).expand(64, 16, 32, 32)
    for places in (rows, columns):
        values = places.contiguous(memory_format=layout)
        found = _sampled(values, wide=True, lively=True)
        assert len(found) >= ROWS
        assert len(found.unique()) > 24


def test_a_layer_of_many_units_gives_a_few_values_of_each():
    found = _sampled(torch.randn(256, 512), wide=False, lively=False)
    assert LEAST / 2 <= found.numel() <= LEAST
    assert len(_sampled(torch.randn(256, 512), wide=False, lively=True)) == ROWS
