"""Generators of a data set's own: found wherever it holds them, and seeded."""

import random

import numpy as np
import torch
from torch.utils.data import Dataset, Subset

from wellfit.trainer.held import held_in, seed_held

AT_LARGE = np.random.default_rng(0)


class Slotted:
    __slots__ = ("inner", "nothing")

    def __init__(self, inner):
        self.inner = inner


class Drawing(Dataset):
    def __init__(self):
        self.one = np.random.default_rng(1)
        self.many = [random.Random(2), {"old": np.random.RandomState(3)}]
        self.torch = (torch.Generator().manual_seed(4),)
        self.itself = self  # a circle

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.draw()

    def draw(self):
        return [
            self.one.random(),
            self.many[0].random(),
            self.many[1]["old"].random_sample(),
            float(torch.rand(1, generator=self.torch[0])),
            AT_LARGE.random(),
        ]


def test_all_are_found_within_other_data_sets_too():
    data = Drawing()
    found = {id(generator) for generator in held_in(Subset(Slotted(data), [0]))}
    expected = (data.one, data.many[0], data.many[1]["old"], data.torch[0], AT_LARGE)
    assert found == {id(generator) for generator in expected}


def test_once_seeded_they_draw_the_same_and_each_otherwise():
    data = Drawing()
    held = held_in(data)
    seed_held(held, 7)
    first = data.draw()
    seed_held(held, 7)
    assert data.draw() == first
    assert len(set(first)) == len(first)
    seed_held(held, 8)
    assert not set(data.draw()) & set(first)


def test_what_holds_none_is_left_alone():
    assert held_in([torch.zeros(3), np.zeros(3), "text", 1, None]) == ()
