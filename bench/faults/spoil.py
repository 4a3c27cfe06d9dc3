"""What goes wrong with data, done to good data.

What is wrong with how inputs are prepared is wrong with the test rows too; what is
wrong with the labels or the rows that somebody collected is not: the test asks how good
the model is at what it is for.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bench.faults.data import Data
from bench.faults.data.data import Array

PARTS = ("x", "x_val", "x_test")
Spoil = Callable[[Data, float, np.random.Generator], Data]


def spoilt(data: Data, what: str, amount: float) -> Data:
    """The data with that wrong with them; the same each time."""
    return SPOILERS[what](data, amount, np.random.default_rng(7)) if what else data


def _inputs(data: Data, change: Callable[[Array], Array]) -> Data:
    return replace(data, **{part: change(getattr(data, part)) for part in PARTS})


def _some(x: Array, share: float = 0.4) -> Array:
    """Some columns, the first ones among them."""
    return np.arange(max(1, round(share * x.shape[1])))


def _raw(data: Data, amount: float, _: np.random.Generator) -> Data:
    """Some columns are in units in which they are large."""
    scale = np.ones(data.x.shape[1], np.float32)
    scale[_some(data.x)] = amount
    return _inputs(data, lambda x: x * scale)


def _offset(data: Data, amount: float, _: np.random.Generator) -> Data:
    """Some columns are far from zero: years, timestamps."""
    shift = np.zeros(data.x.shape[1], np.float32)
    shift[_some(data.x)] = amount
    return _inputs(data, lambda x: x + shift)


def _flipped(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Some labels are wrong, of what is trained and of what is validated on."""
    classes = int(data.y.max()) + 1

    def flip(y: Array) -> Array:
        other = (y + draw.integers(1, classes, len(y))) % classes
        return np.where(draw.random(len(y)) < amount, other, y)

    return replace(data, y=flip(data.y), y_val=flip(data.y_val))


def _overlap(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Rows of one class stand in the table a second time, as another class."""
    rows = np.flatnonzero(data.y == 0)
    rows = draw.choice(rows, round(amount * len(rows)), replace=False)
    return replace(
        data,
        x=np.concatenate([data.x, data.x[rows]]),
        y=np.concatenate([data.y, np.ones(len(rows), data.y.dtype)]),
    )


def _misaligned(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Some targets stand beside the inputs of other rows, as after a bad join."""

    def shuffle(y: Array) -> Array:
        rows = np.flatnonzero(draw.random(len(y)) < amount)
        mixed = y.copy()
        mixed[rows] = y[draw.permutation(rows)]
        return mixed

    return replace(data, y=shuffle(data.y), y_val=shuffle(data.y_val))


def _leaked_rows(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Rows that are validated on are trained on as well."""
    rows = draw.choice(len(data.x_val), round(amount * len(data.x_val)), replace=False)
    return replace(
        data,
        x=np.concatenate([data.x, data.x_val[rows]]),
        y=np.concatenate([data.y, data.y_val[rows]]),
    )


def _leaked_feature(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """A column that comes of the target, and that nobody has in service."""

    def add(x: Array, y: Array, noise: float) -> Array:
        y = y if y.ndim == 1 else y[:, 0]
        told = (y - data.y.mean()) / data.y.std()
        told = told + noise * draw.normal(size=len(y))
        return np.column_stack([x, told]).astype(np.float32)

    return replace(
        data,
        x=add(data.x, data.y, amount),
        x_val=add(data.x_val, data.y_val, amount),
        x_test=np.column_stack(
            [data.x_test, draw.normal(size=len(data.x_test))]
        ).astype(np.float32),
    )


def _thinned(y: Array, amount: float, draw: np.random.Generator) -> Array:
    """The rows that are left where class 0 is so rare beside the others."""
    rare, others = np.flatnonzero(y == 0), np.flatnonzero(y != 0)
    classes = int(y.max()) + 1
    wanted = max(3, round(amount * len(others) / max(classes - 1, 1)))
    kept = draw.choice(rare, min(wanted, len(rare)), replace=False)
    return draw.permutation(np.concatenate([kept, others]))


def _unbalanced(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """One class is rare where it is trained on."""
    rows = _thinned(data.y, amount, draw)
    return replace(data, x=data.x[rows], y=data.y[rows])


def _minority(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """One class is rare in what is validated on too: accuracy hides it."""
    data = _unbalanced(data, amount, draw)
    rows = _thinned(data.y_val, amount, draw)
    return replace(data, x_val=data.x_val[rows], y_val=data.y_val[rows])


def _holes(amount: float, code: float, columns: float) -> Callable[..., Data]:
    def punch(data: Data, draw: np.random.Generator) -> Data:
        def holed(x: Array) -> Array:
            x = x.copy()
            for column in _some(x, columns):
                x[draw.random(len(x)) < amount, column] = code
            return x

        return _inputs(data, holed)

    return punch


def _coded(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Gaps are written as −999."""
    return _holes(amount, -999.0, 0.4)(data, draw)


def _nan(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Gaps are left as they are."""
    return _holes(amount, np.nan, 1.0)(data, draw)


def _outliers(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Some rows were measured wrongly: a hundred times as large."""

    def measured(x: Array) -> Array:
        wrong = draw.random(len(x)) < amount
        wild = 100 * (1 + draw.random(len(x)))
        shape = (-1,) + (1,) * (x.ndim - 1)
        return (x * np.where(wrong, wild, 1).reshape(shape)).astype(np.float32)

    return replace(data, x=measured(data.x), x_val=measured(data.x_val))


def _wild_targets(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Some targets were typed with two digits too many."""
    wrong = draw.random(len(data.y)) < amount
    y = np.where(wrong, 100 * np.abs(data.y), data.y).astype(np.float32)
    return replace(data, y=y)


def _units(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """Some columns are in thousandths in some rows: metres and millimetres."""

    def mixed(x: Array) -> Array:
        x = x.copy()
        rows = draw.random(len(x)) < amount
        for column in _some(x):
            x[rows, column] *= 1000
        return x

    return _inputs(data, mixed)


def _repeated(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """The table is a fraction of itself, written down again and again."""
    rows = draw.integers(max(10, int(len(data.x) / amount)), size=len(data.x))
    return replace(data, x=data.x[rows], y=data.y[rows])


def _shifted(data: Data, amount: float, _: np.random.Generator) -> Data:
    """What is trained on was measured otherwise than all that came after."""
    shift = np.zeros(data.x.shape[1], np.float32)
    shift[_some(data.x)] = amount
    return replace(data, x=data.x * (1 + amount / 2) + shift)


def _noisy(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """What is trained on was measured badly."""
    noise = draw.normal(size=data.x.shape) * data.x.std() * amount
    return replace(data, x=(data.x + noise).astype(np.float32))


def _useless(data: Data, amount: float, draw: np.random.Generator) -> Data:
    """So many times as many columns say nothing at all."""

    def add(x: Array) -> Array:
        nothing = draw.normal(size=(len(x), int(amount * x.shape[1])))
        return np.column_stack([x, nothing]).astype(np.float32)

    return _inputs(data, add)


def _sorted(data: Data, _: float, __: np.random.Generator) -> Data:
    """The rows come class by class."""
    order = np.argsort(data.y, kind="stable")
    return replace(data, x=data.x[order], y=data.y[order])


def _constant_column(data: Data, _: float, __: np.random.Generator) -> Data:
    """A column that is always the same, divided by its deviation of zero."""

    def divided(x: Array) -> Array:
        x = x.copy()
        x[:, 0] = np.nan
        return x

    return _inputs(data, divided)


SPOILERS: dict[str, Spoil] = {
    "raw": _raw,
    "offset": _offset,
    "flipped": _flipped,
    "overlap": _overlap,
    "misaligned": _misaligned,
    "leaked-rows": _leaked_rows,
    "leaked-feature": _leaked_feature,
    "unbalanced": _unbalanced,
    "minority": _minority,
    "coded": _coded,
    "nan": _nan,
    "outliers": _outliers,
    "wild-targets": _wild_targets,
    "units": _units,
    "repeated": _repeated,
    "shifted": _shifted,
    "noisy": _noisy,
    "useless": _useless,
    "sorted": _sorted,
    "constant-column": _constant_column,
}
