"""Images: channels, height, width."""

import gzip
from typing import Any

import numpy as np
from sklearn import datasets

from bench.faults.data.data import Data, shared, split
from bench.faults.setting import Setting

SIDE = 10  # pixels of a made-up image


def digits(s: Setting) -> Data:
    images, y = datasets.load_digits(return_X_y=True)
    x = images.reshape(-1, 1, 8, 8) / 8 - 1
    return split(x, y, min(s.rows, 1000), val=250, seed=s.data_seed)


def flat_digits(s: Setting) -> Data:
    data = digits(s)
    return Data(
        x=data.x.reshape(len(data.x), -1),
        y=data.y,
        x_val=data.x_val.reshape(len(data.x_val), -1),
        y_val=data.y_val,
        x_test=data.x_test.reshape(len(data.x_test), -1),
        y_test=data.y_test,
    )


def own_digits(s: Setting) -> Data:
    """Digits from 0 to 1, to be said again by an autoencoder."""
    images, _ = datasets.load_digits(return_X_y=True)
    x = (images / 16).astype(np.float32)
    return split(x, x, min(s.rows, 1000), val=250, seed=s.data_seed)


def shapes(s: Setting) -> Data:
    """A bar, a cross, a square or a disc somewhere in noise."""
    draw = np.random.default_rng(s.data_seed)
    y = draw.integers(4, size=s.rows + 1300)
    x = np.stack([_shape(kind, draw) for kind in y])[:, None]
    x = x + 0.6 * s.noise * draw.normal(size=x.shape)
    return split(x, y, s.rows, val=300, seed=s.data_seed)


def _shape(kind: int, draw: np.random.Generator) -> Any:
    row, column = np.mgrid[:SIDE, :SIDE]
    at = draw.integers(2, SIDE - 2, size=2)
    up, over = abs(row - at[0]), abs(column - at[1])
    bar = (over == 0) & (up <= 2)
    if kind == 0:
        return 1.5 * bar
    if kind == 1:
        return 1.5 * (bar | ((up == 0) & (over <= 2)))
    if kind == 2:
        return 1.5 * (np.maximum(up, over) == 2)
    return 1.5 * (up**2 + over**2 <= 2)


def fashion(s: Setting) -> Data:
    """Fashion-MNIST's test images at half their size."""
    with gzip.open(shared("fashion_mnist", "t10k-images-idx3-ubyte.gz")) as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)
    with gzip.open(shared("fashion_mnist", "t10k-labels-idx1-ubyte.gz")) as file:
        y = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    x = pixels.reshape(-1, 1, 14, 2, 14, 2).mean((3, 5)) / 90 - 0.8
    some = np.random.default_rng(s.data_seed).permutation(len(x))[: s.rows + 1400]
    return split(x[some], y[some], s.rows, val=400, seed=s.data_seed)
