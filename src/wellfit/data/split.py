"""Training, validation and test: three sets of rows, by seed and nothing else.

Pure functions over places: rows go in as what they are split by, and come out as
indices. By default 60 % train, 20 % validate, 20 % are the untouched test part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.errors import BadTable

Rows = NDArray[np.int64]
TEST = 0.2
VALIDATION = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """The shares of the rows that validate and that test; the others train."""

    validation: float = VALIDATION
    test: float = TEST


USUAL = Sizes()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Split:
    """Indices of the rows of each part, sorted; `how` says it in words."""

    train: Rows
    validation: Rows
    test: Rows
    how: str
    notes: tuple[str, ...] = ()


def split_at_random(count: int, *, seed: int, sizes: Sizes = USUAL) -> Split:
    """Any row anywhere."""
    order = np.random.default_rng(seed).permutation(count)
    test, validation = round(count * sizes.test), round(count * sizes.validation)
    parts = np.split(order, [test, test + validation])
    return _split("at random", parts)


def split_by_class(y: Rows, *, seed: int, sizes: Sizes = USUAL) -> Split:
    """Each class as often in every part as in the whole.

    A class with one row is in training alone; with two, in training and test.
    """
    rng = np.random.default_rng(seed)
    parts: list[list[Rows]] = [[], [], []]
    for code in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == code))
        test, validation = _quota(len(members), rng, sizes)
        cut = np.split(members, [test, test + validation])
        for part, rows in zip(parts, cut, strict=True):
            part.append(rows)
    joined = [np.concatenate(parts.pop(0)) for _ in range(3)]  # there may be many rows
    return _split("stratified by class", joined)


def _quota(count: int, rng: np.random.Generator, sizes: Sizes) -> tuple[int, int]:
    """How many of a class's rows test and validate; what is left trains."""
    if count < 3:
        return (count - 1, 0) if sizes.test else (0, 0)
    # The fraction left over is drawn, so that many small classes add up to 20 %.
    test = _at_least_one(count, sizes.test, rng)
    validation = _at_least_one(count, sizes.validation, rng)
    return min(test, count - 2), min(validation, count - 1 - min(test, count - 2))


def _at_least_one(count: int, share: float, rng: np.random.Generator) -> int:
    """So many of them, unless the part is to have none."""
    drawn = int(count * share + rng.random())
    return max(1, drawn) if share else 0


def split_by_time(when: NDArray[np.float64], *, sizes: Sizes = USUAL) -> Split:
    """The past trains, what follows validates, the latest tests.

    `when` are numbers that grow with time. Rows without one train. Rows of the same
    moment stay together. `BadTable` where there are fewer than three moments.
    """
    order = np.argsort(when, kind="stable")
    known = order[~np.isnan(when[order])]
    unknown = order[np.isnan(when[order])]
    starts = (
        np.flatnonzero(np.diff(when[known]) > 0) + 1
    )  # of each moment but the first
    if len(starts) < 2:
        raise BadTable(
            f"a split by time needs at least 3 different times; got {len(starts) + 1}"
        )
    first, second = _cuts(starts, len(known), sizes)
    train, validation, test = np.split(known, [first, second])
    note = f"{len(unknown):,} rows without a time are in the training part"
    parts = [test, validation, np.concatenate([train, unknown])]
    return _split("by time", parts, notes=(note,) if len(unknown) else ())


def _cuts(starts: Rows, count: int, sizes: Sizes) -> tuple[int, int]:
    """Where validation and test begin: at a moment's start, or at the end for none."""
    trained = count * (1 - sizes.test - sizes.validation)
    if not sizes.test:
        return (_nearest(starts, trained) if sizes.validation else count), count
    if not sizes.validation:
        first = _nearest(starts, trained)
        return first, first
    first = _nearest(starts[:-1], trained)
    return first, _nearest(starts[starts > first], count * (1 - sizes.test))


def _nearest(places: Rows, wanted: float) -> int:
    return int(places[np.argmin(np.abs(places - wanted))])


def split_by_group(groups: NDArray[Any], *, seed: int, sizes: Sizes = USUAL) -> Split:
    """All rows of a group in one part, groups drawn at random until a part is full.

    `BadTable` where there are fewer than three groups.
    """
    names, codes = np.unique(groups, return_inverse=True)
    if len(names) < 3:
        raise BadTable(f"a split by group needs at least 3 groups; got {len(names)}")
    order = np.random.default_rng(seed).permutation(len(names))
    filled = np.cumsum(np.bincount(codes)[order])
    first = second = 0
    if sizes.test:
        first = _cut(filled, len(groups) * sizes.test, 1, len(names) - 2)
    if sizes.validation:
        both = len(groups) * (sizes.test + sizes.validation)
        second = _cut(filled, both, first + 1, len(names) - 1)
    parts = np.split(order, [first, max(first, second)])
    return _split("by group", [np.flatnonzero(np.isin(codes, p)) for p in parts])


def split_by_part(
    parts: NDArray[Any], keys: Rows | None, *, seed: int, sizes: Sizes = USUAL
) -> Split:
    """As `parts` say: train, validation or test. What none of them says is drawn.

    It is drawn from the training rows, each class alike where `keys` are the classes.
    `BadTable` where no row is to be trained on.
    """
    train = np.flatnonzero(parts == "train")
    if not len(train):
        raise BadTable("no row is in the part train: there is nothing to train on")
    held = {n: np.flatnonzero(parts == n) for n in ("validation", "test")}
    lacking = [name for name, rows in held.items() if not len(rows)]
    if not lacking:
        return _split("by part", [held["test"], held["validation"], train])
    drawn = replace(sizes, **{n: 0.0 for n in held if n not in lacking})
    if keys is None:
        inner = split_at_random(len(train), seed=seed, sizes=drawn)
    else:
        inner = split_by_class(keys[train], seed=seed, sizes=drawn)
    held |= {name: train[getattr(inner, name)] for name in lacking}
    note = f"no row is in the part {' or '.join(lacking)}: drawn from the training rows"
    made = [held["test"], held["validation"], train[inner.train]]
    return _split("by part", made, notes=(note,))


def _cut(filled: Rows, wanted: float, least: int, most: int) -> int:
    return int(np.clip(np.argmin(np.abs(filled - wanted)) + 1, least, most))


def _split(how: str, parts: Sequence[Rows], notes: tuple[str, ...] = ()) -> Split:
    test, validation, train = parts
    for rows in parts:
        rows.sort()
    return Split(train=train, validation=validation, test=test, how=how, notes=notes)
