"""Every candidate keeps its promises, and a broken one is noticed."""

import pickle
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.models.kinds import ONE_OF_EACH
from wellfit.contracts import check_model
from wellfit.contracts.check_model import PROMISES
from wellfit.models.model import Fit, Round
from wellfit.trainer.candidates import candidate

EXEMPT = {
    ("trivial", check_model.check_beats_the_trivial_baseline): "it is that baseline",
}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda p: p.__name__)
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_candidate_keeps_its_promise(name, promise):
    if (name, promise) in EXEMPT:
        pytest.skip(EXEMPT[name, promise])
    promise(partial(candidate, name))


@dataclass
class Guess:
    """A model that keeps no promise."""

    classes: int
    seed: int
    fits: int = 0
    name = "guess"
    view = "coded"

    def fit(self, train, validation, on_round=lambda done: True):
        self.fits += 1
        for step in (1, 2):
            on_round(Round(step=step, signals={}))
        settled = Guess(classes=self.classes, seed=self.seed, fits=self.fits + 1)
        return Fit(fitted=Guessed(classes=self.classes), settled=settled)


@dataclass
class Guessed:
    classes: int

    def predict(self, x: Any) -> Any:
        shape = (len(x), self.classes) if self.classes else (len(x),)
        return np.random.random(shape)

    def save(self, folder: Path) -> None:
        (folder / "guess").write_bytes(pickle.dumps(self))

    @classmethod
    def load(cls, folder: Path, *, classes: int) -> "Guessed":
        return cls(classes=classes)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda p: p.__name__)
def test_a_broken_promise_is_noticed(promise):
    with pytest.raises(AssertionError):
        promise(Guess)
