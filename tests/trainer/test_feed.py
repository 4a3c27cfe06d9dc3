"""Feeds: every row once, in an order that can be entered anywhere."""

import os
import random
import signal
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data._utils import signal_handling

from wellfit.core.errors import BadSetting
from wellfit.trainer.feed import LoaderFeed, MemoryFeed, order_of
from wellfit.trainer.randomness import (
    Draws,
    borrowed,
    generators,
    mixed,
    restore_generators,
    seed_all,
)


class Numbers(torch.utils.data.Dataset):
    """Each index, with a random number of every generator."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        drawn = (random.random(), np.random.rand(), float(torch.rand(())))
        return torch.tensor([float(index), *drawn], dtype=torch.float64), index


class Mortal(Numbers):
    """Kills the worker that loads the fifth index, as long as the folder is empty."""

    def __init__(self, count, folder, *, always=False):
        super().__init__(count)
        self.folder, self.always = folder, always

    def __getitem__(self, index):
        first = not any(self.folder.iterdir())
        if index == 5 and (first or self.always):
            (self.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


def memory(count=10, size=4, **how):
    x = torch.arange(count)
    return MemoryFeed(tensors=(x, x * 2), batch_size=size, **how)


def loader(count=10, size=4, **how):
    return LoaderFeed(Numbers(count), batch_size=size, **how)


@pytest.mark.parametrize("make", [memory, loader])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_has_every_row_once(make, shuffle):
    feed = make(shuffle=shuffle)
    batches = list(feed.batches(0))
    assert [len(batch[-1]) for batch in batches] == [4, 4, 2]
    assert (len(feed), feed.rows) == (3, 10)
    seen = torch.cat([x if x.ndim == 1 else x[:, 0].long() for x, _ in batches])
    assert sorted(seen.tolist()) == list(range(10))
    assert (seen.tolist() == list(range(10))) != shuffle


@pytest.mark.parametrize("make", [memory, loader])
def test_the_last_batch_can_be_left_out(make):
    feed = make(drop_last=True)
    assert [len(y) for _, y in feed.batches(0)] == [4, 4]
    assert (len(feed), feed.rows) == (2, 8)


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = [
        torch.cat([y for _, y in memory(100, seed=seed).batches(epoch)]).tolist()
        for seed, epoch in [(0, 0), (0, 1), (1, 0), (0, 0)]
    ]
    assert orders[0] == orders[3]
    assert orders[0] != orders[1] != orders[2] != orders[0]


@given(
    st.integers(1, 60), st.integers(1, 20), st.integers(0, 5), st.booleans(), st.data()
)
def test_an_epoch_can_be_entered_anywhere(count, size, epoch, shuffle, data):
    feed = memory(count, size, shuffle=shuffle)
    whole = [y.tolist() for _, y in feed.batches(epoch)]
    start = data.draw(st.integers(0, len(feed)))
    assert [y.tolist() for _, y in feed.batches(epoch, start)] == whole[start:]


@pytest.mark.parametrize("workers", [0, 2])
def test_so_can_one_that_is_loaded_with_all_that_is_random_in_it(workers):
    whole = [x for x, _ in loader(40, 8).batches(3)]
    seed_all(123)  # what others have drawn does not matter
    entered = [x for x, _ in loader(40, 8, workers=workers).batches(3, 2)]
    assert len(entered) == 3
    for found, expected in zip(entered, whole[2:], strict=True):
        assert torch.equal(found, expected)


def test_other_epochs_are_augmented_otherwise():
    feed = loader(shuffle=False)
    first, second = (next(iter(feed.batches(epoch)))[0] for epoch in (0, 1))
    assert torch.equal(first[:, 0], second[:, 0])
    assert not (first[:, 1:] == second[:, 1:]).any()


def test_loading_leaves_the_generators_alone():
    seed_all(0)
    before = generators()
    list(loader().batches(0))
    list(memory().batches(0))
    after = generators()
    assert torch.equal(after["torch"], before["torch"])
    assert torch.equal(after["python"][1], before["python"][1])
    assert torch.equal(after["numpy"][1], before["numpy"][1])


def test_a_loaded_feed_has_the_order_of_one_in_memory():
    one = torch.cat([y for _, y in memory(seed=3).batches(2)])
    other = torch.cat([y for _, y in loader(seed=3).batches(2)])
    assert torch.equal(one, 2 * other)


def noisy(batch, draws):
    x, y = batch
    return x + draws.uniform(), y


def test_a_row_is_augmented_alike_in_any_batch():
    small = list(memory(size=3, augment=noisy).batches(1))
    (large,) = memory(size=10, augment=noisy).batches(1)
    assert torch.equal(torch.cat([x for x, _ in small]), large[0])


def test_unshuffled_batches_are_views():
    feed = memory(shuffle=False)
    assert all(x._base is feed.tensors[0] for x, _ in feed.batches(0))


def test_feeds_are_told_apart_by_what_they_hold():
    one = memory(seed=1)
    assert one.identity() == memory(seed=1).identity()
    assert one.identity() != memory(seed=2).identity()
    other = MemoryFeed(tensors=(one.tensors[0], one.tensors[0]), batch_size=4, seed=1)
    assert one.identity() != other.identity()
    assert loader(seed=1).identity() != loader(seed=2).identity()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: memory(size=0), "at least 1 row; got batch_size=0"),
        (lambda: memory(3, 4, drop_last=True), "3 rows make no batch of 4"),
        (lambda: loader(0), "the data have no rows"),
        (
            lambda: MemoryFeed(tensors=(torch.ones(3), torch.ones(4)), batch_size=1),
            "the same number of rows; got 3 and 4",
        ),
    ],
)
def test_what_is_impossible_is_said(make, said):
    with pytest.raises(BadSetting, match=said):
        make()


# -- randomness ---------------------------------------------------------------------


def test_draws_are_uniform_and_normal():
    draws = Draws(0, 0, torch.arange(1000))
    uniform, normal = draws.uniform(50), draws.normal(5, 10)
    assert uniform.shape == (1000, 50)
    assert normal.shape == (1000, 5, 10)
    assert 0 <= uniform.min() < uniform.max() < 1
    edges = torch.histc(uniform, 20, 0, 1) / uniform.numel()
    assert torch.allclose(edges, torch.full((20,), 0.05), atol=0.005)
    assert (normal.mean().abs(), normal.std()) == pytest.approx((0, 1), abs=0.02)
    columns = torch.corrcoef(uniform.T).fill_diagonal_(0)
    assert columns.abs().max() < 0.2


def test_each_draw_is_another():
    draws = Draws(0, 0, torch.arange(5))
    assert not (draws.uniform(2) == draws.uniform(2)).any()


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=4))
def test_seeds_are_mixed(numbers):
    seed = mixed(*numbers)
    assert 0 <= seed < 2**63
    assert seed != mixed(*numbers, 0)
    assert seed != mixed(numbers[0] + 1, *numbers[1:])


def test_generators_are_put_back():
    def drawn():
        return random.gauss(0, 1), np.random.randn(), torch.randn(3).tolist()

    seed_all(5)
    drawn()
    state = generators()
    first = drawn()
    with borrowed():
        seed_all(9)
        drawn()
    restore_generators(state)
    assert drawn() == first


def test_the_order_is_pytorch_s_own():
    expected = torch.randperm(9, generator=torch.Generator().manual_seed(mixed(2, 7)))
    assert torch.equal(order_of(9, seed=2, epoch=7), expected)


def test_a_worker_that_dies_is_replaced(tmp_path):
    said = []
    data = Mortal(40, tmp_path)
    feed = LoaderFeed(data, batch_size=4, workers=2, say=said.append)
    expected = list(LoaderFeed(Numbers(40), batch_size=4).batches(1))
    for (x, y), (own_x, own_y) in zip(feed.batches(1), expected, strict=True):
        assert torch.equal(x, own_x)
        assert torch.equal(y, own_y)
    assert said == ["a worker that loads the data died: it is replaced"]


def test_a_death_is_not_raised_wherever_the_training_is(tmp_path, monkeypatch):
    before = signal.getsignal(signal.SIGCHLD)
    monkeypatch.setattr(signal_handling, "_SIGCHLD_handler_set", False)
    signal_handling._set_SIGCHLD_handler()  # as any other loader with workers does
    try:
        data = Mortal(40, tmp_path)
        feed = LoaderFeed(data, batch_size=4, workers=2, shuffle=False, say=len)
        batches = feed.batches(0)
        next(batches)
        deadline = time.monotonic() + 30
        while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.5)  # for the signal: here it would be raised
        assert len(list(batches)) == 9
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_workers_that_die_again_and_again_end_it(tmp_path):
    data = Mortal(40, tmp_path, always=True)
    feed = LoaderFeed(data, batch_size=4, workers=1, say=lambda _: None)
    with pytest.raises(BadSetting, match="died 3 times in an epoch"):
        list(feed.batches(0))


def test_what_a_data_set_raises_is_no_death():
    class Broken(Numbers):
        def __getitem__(self, index):
            raise ConnectionResetError("the store of the data is gone")

    feed = LoaderFeed(Broken(8), batch_size=4, workers=1)
    with pytest.raises(ConnectionResetError, match="store of the data is gone"):
        list(feed.batches(0))
