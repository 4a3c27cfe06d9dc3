"""Tables: a number a column."""

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.metrics import pairwise_distances

from bench.faults.data.data import Data, shared, split
from bench.faults.setting import Setting

TEST, VAL = 2000, 300


def _total(s: Setting) -> int:
    return s.rows + VAL + TEST


def teacher(s: Setting) -> Data:
    """Two classes, drawn from a probability that depends on the row and is known."""
    draw = np.random.default_rng(s.data_seed)
    x = draw.normal(size=(_total(s), 10))
    score = 1.5 * x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + x[:, 3] - 0.5 * x[:, 4]
    chance = 1 / (1 + np.exp(-2 * score / s.noise))
    y = (draw.random(len(x)) < chance).astype(np.int64)
    ideal = np.stack([1 - chance, chance], 1)
    return split(x, y, s.rows, val=VAL, seed=s.data_seed, ideal=ideal)


def blobs(s: Setting) -> Data:
    """Five classes of two overlapping clouds each; Bayes' rule is known."""
    draw = np.random.default_rng(s.data_seed)
    centres = 2.0 * draw.normal(size=(10, 8)) / s.noise
    cloud = draw.integers(10, size=_total(s))
    x = centres[cloud] + draw.normal(size=(len(cloud), 8))
    near = np.exp(-0.5 * pairwise_distances(x, centres) ** 2)
    ideal = near.reshape(-1, 2, 5).sum(1)
    ideal /= ideal.sum(1, keepdims=True)
    return split(
        x, cloud % 5, s.rows, val=VAL, seed=s.data_seed, ideal=ideal, scale=True
    )


def friedman(s: Setting) -> Data:
    """Friedman's first function, standardised, and noise of a known size."""
    draw = np.random.default_rng(s.data_seed)
    x = draw.random((_total(s), 10))
    clean = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    clean = (clean + 10 * x[:, 3] + 5 * x[:, 4] - 14.4) / 4.9
    y = clean + 0.3 * s.noise * draw.normal(size=len(x))
    return split(
        x,
        y.astype(np.float32),
        s.rows,
        val=VAL,
        seed=s.data_seed,
        ideal=clean,
        scale=True,
    )


def tags(s: Setting) -> Data:
    """Six labels that may all be true of a row, drawn from known probabilities."""
    draw = np.random.default_rng(s.data_seed)
    x = draw.normal(size=(_total(s), 12))
    hidden = np.tanh(x @ draw.normal(size=(12, 8)) / 2)
    chance = 1 / (1 + np.exp(-2 * (hidden @ draw.normal(size=(8, 6))) / s.noise))
    y = (draw.random(chance.shape) < chance).astype(np.float32)
    return split(x, y, s.rows, val=VAL, seed=s.data_seed, ideal=chance)


def cancer(s: Setting) -> Data:
    x, y = datasets.load_breast_cancer(return_X_y=True)
    return split(x, y, min(s.rows, 300), val=90, seed=s.data_seed, scale=True)


def diabetes(s: Setting) -> Data:
    x, y = datasets.load_diabetes(return_X_y=True)
    y = ((y - y.mean()) / y.std()).astype(np.float32)
    return split(x, y, min(s.rows, 260), val=80, seed=s.data_seed, scale=True)


def california(s: Setting) -> Data:
    table = pd.read_csv(shared("house_california", "housing.csv")).dropna()
    table = table.sample(_total(s), random_state=s.data_seed)
    y = np.log(table["median_house_value"].to_numpy())
    x = table.drop(columns=["median_house_value", "ocean_proximity"])
    for name in ("total_rooms", "total_bedrooms", "population", "households"):
        x[name] = np.log1p(x[name])
    y = ((y - y.mean()) / y.std()).astype(np.float32)
    return split(x.to_numpy(), y, s.rows, val=VAL, seed=s.data_seed, scale=True)


def adult(s: Setting) -> Data:
    table = pd.read_csv(shared("adult", "adult-train.csv"), header=None)
    table = table.sample(_total(s), random_state=s.data_seed)
    y = table[14].astype(str).str.contains(">50K").to_numpy().astype(np.int64)
    x = table.drop(columns=14).apply(
        lambda c: c if c.dtype.kind in "if" else c.astype("category").cat.codes
    )
    return split(
        x.to_numpy().astype(float), y, s.rows, val=VAL, seed=s.data_seed, scale=True
    )
