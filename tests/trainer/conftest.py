"""A small table, decided about."""

import numpy as np
import pandas as pd
import pytest
import torch

from wellfit.data.table import read_table
from wellfit.trainer import contest, pace
from wellfit.trainer.study import Settings, study


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def few(monkeypatch):
    """A model of each kind, on three folds, and no search."""
    names = ("trivial", "linear", "lightgbm", "mlp")
    few = {name: contest.CANDIDATES[name] for name in names}
    monkeypatch.setattr(contest, "CANDIDATES", few)
    monkeypatch.setattr(contest, "MOST_DRAWN", 0)
    monkeypatch.setattr(pace, "MOST_FOLDS", 3)


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    return pd.DataFrame(
        {
            "size": x[:, 0],
            "age": x[:, 1],
            "colour": rng.choice(["red", "blue"], 200),
            "when": pd.date_range("2020-01-01", periods=200).astype(str),
            "shop": np.repeat([f"shop {i}" for i in range(20)], 10),
            "price": 3 * x[:, 0] - x[:, 1] + 0.1 * rng.normal(size=200),
            "sold": np.where(x[:, 0] > 0.5, "yes", "no"),
        }
    )


@pytest.fixture
def decide(frame):
    """The study of that table with these settings."""

    def decided(**how):
        how = {"target": "price", "drop": ["sold"]} | how
        return study(read_table(frame), Settings(**how))

    return decided
