"""The choice of a recipe's data: its split, and how columns become features."""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from wellfit.core.recipe import (
    Categories,
    Data,
    Imputation,
    KindName,
    Preparing,
    Scaling,
    SplitBy,
    Splitting,
)
from wellfit.core.words import enumerated
from wellfit.data.columns import Kind
from wellfit.data.tails import NORMAL
from wellfit.trainer.recipes.seen import Column, Seen

Reasons = dict[str, str]
# Rows that validate, or test: the standard error of a share is 0.0011 at most, and rows
# beyond them are of more use in training. (In memory: 60 bytes each for their scores.)
HELD = 200_000
NAMED = 200  # columns: of more, only those are named that are left out
MANY_GAPS = 0.05  # of the numbers: filling them alike would hide what they tell
SOLVED = 50  # columns of numbers: the fits of iterative imputation grow with the square
KINDS: tuple[KindName, ...] = get_args(KindName)


def choose_data(seen: Seen, source: str) -> tuple[Data, Reasons]:
    """The section `data` for a table that is called `source`."""
    kinds, why_kinds = _kinds(seen)
    split, why_split = _split(seen)
    prepare, why_prepare = _prepare(seen)
    data = Data(
        source=source,
        target=seen.of.name,
        task=seen.of.task,
        kinds=kinds,
        drop=tuple(seen.how.drop),
        split=split,
        prepare=prepare,
    )
    why = {"data.task": _why_task(seen)}
    if data.drop:
        why["data.drop"] = "as asked"
    return data, why | why_kinds | why_split | why_prepare


def _why_task(seen: Seen) -> str:
    if seen.how.task is not None:
        return "as asked"
    if not seen.of.classes:
        distinct = len(set(seen.of.y.tolist()))
        return f"the target has {distinct:,} different numbers"
    total = sum(seen.of.counts.values())
    shares = [f"{label} {n / total:.1%}" for label, n in seen.of.counts.items()]
    more = f" and {len(shares) - 4} more" if len(shares) > 4 else ""
    return f"the target is one of {enumerated(shares[:4])}{more}"


def _kinds(seen: Seen) -> tuple[Mapping[str, KindName], Reasons]:
    found = {n: k for n, k in seen.settled.kinds.items() if n != seen.of.name}
    asked = {f"data.kinds.{name}": "as asked" for name in seen.how.kinds}
    left = {f"data.kinds.{n}": f"left out: {w}" for n, w in seen.left_out.items()}
    if len(found) > NAMED:
        found = {n: k for n, k in found.items() if n in seen.left_out}
    return {n: KINDS[list(Kind).index(k)] for n, k in found.items()}, left | asked


def _split(seen: Seen) -> tuple[Splitting, Reasons]:
    split, how = seen.settled.split, seen.how
    parts = f"{len(split.train):,}, {len(split.validation):,} and {len(split.test):,}"
    by: SplitBy = "random"
    why = "a number to predict, and no column that says which rows belong together"
    if how.time:
        by, why = "time", f"as asked: the past of {how.time!r} trains, the latest tests"
    elif how.group:
        by, why = "group", f"as asked: rows of the same {how.group!r} stay together"
    elif how.part:
        by, why = "part", "; ".join(["as the folders are called", *split.notes])
    elif seen.of.classes:
        rarest = min(seen.of.counts.items(), key=lambda pair: pair[1])
        by = "class"
        why = f"each class as often in every part; {rarest[0]} has {rarest[1]:,} rows"
    said = f"{parts} rows train, validate and test"
    made = Splitting(by=by, column=how.time or how.group or how.part)
    enough = HELD / seen.total
    if by != "part" and enough < min(made.validation, made.test):
        share = float(f"{enough:.2g}")
        made = replace(made, validation=share, test=share)
        said = (
            f"about {HELD:,} of {seen.total:,} rows each validate and test, which tell "
            "an accuracy to 0.1 %; all others train"
        )
    return made, {"data.split": said, "data.split.by": why}


def _prepare(seen: Seen) -> tuple[Preparing, Reasons]:
    scaling, why_scaling = _scaling(seen)
    imputation, why_imputation = _imputation(seen)
    categories, why_categories = _categories(seen)
    prepare = Preparing(scaling=scaling, imputation=imputation, categories=categories)
    return prepare, {
        "data.prepare.scaling": why_scaling,
        "data.prepare.imputation": why_imputation,
        "data.prepare.categories": why_categories,
    }


def _scaling(seen: Seen) -> tuple[Scaling, str]:
    heavy = [c for c in seen.numbers if c.heavy]
    count = len(seen.numbers)
    if not heavy:
        return "z-score", (
            f"no tail is heavy in {count:,} columns of numbers: means and deviations "
            "describe them"
        )
    return "bounded", (
        f"means and deviations would follow the far values, which {len(heavy):,} of "
        f"{count:,} columns of numbers have; {_far(max(heavy, key=_weight))}"
    )


def _weight(column: Column) -> float:
    return column.tail or 0.0


def _far(column: Column) -> str:
    if column.tail is None:
        return f"in {column.name!r} {column.apart:,} values stand apart"
    width = f"{column.tail * NORMAL:.1f} times as wide as its middle half"
    normal = f"a normal distribution's {NORMAL:.1f} times"
    return f"the middle 99 % of {column.name!r} is {width}, {normal}"


def _imputation(seen: Seen) -> tuple[Imputation, str]:
    holed = [c for c in seen.numbers if c.missing > 0]
    if not holed:
        return "median", "no number is missing in training rows; new ones may lack some"
    share = sum(c.missing for c in holed) / len(seen.numbers)
    what = f"{share:.1%} of the numbers are missing, in {len(holed):,} columns"
    if share >= MANY_GAPS and 2 <= len(seen.numbers) <= SOLVED:
        return "iterative", f"{what}: they are told by the other columns"
    if any(c.heavy for c in seen.numbers):
        return "median", f"{what}; far values do not move a median"
    return "mean", f"{what}, and no tail is heavy"


def _categories(seen: Seen) -> tuple[Categories, str]:
    usual = Categories()
    if not seen.categories:
        return usual, "there is no column of categories"
    largest = max(seen.categories, key=lambda c: _common(c, usual.rare))
    levels, common = len(largest.levels), _common(largest, usual.rare)
    what = (
        f"{largest.name!r} has the most levels, {levels:,}, of which {common:,} have "
        f"{usual.rare} rows or more"
    )
    if common > usual.most:
        why = f"{what}: too many for a column each"
        return Categories(beyond="target"), why
    return usual, what


def _common(column: Column, rare: int) -> int:
    return sum(count >= rare for count in column.levels)
