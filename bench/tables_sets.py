"""The tables that bench/tables.py measures on, as their users have them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn import datasets

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"  # beside the project
DATA = Path(os.environ.get("WELLFIT_DATA") or BESIDE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table, the column to predict, and what is not to be learnt from."""

    frame: pd.DataFrame
    target: str
    drop: tuple[str, ...] = ()


def _file(path: str, target: str, *drop: str, **how: Any) -> Callable[[], Table]:
    def read() -> Table:
        options: dict[str, Any] = {"na_values": ["?"], "skipinitialspace": True} | how
        frame = pd.read_csv(DATA / path, **options)
        frame.columns = [str(column) for column in frame.columns]
        return Table(frame=frame, target=target, drop=drop)

    return read


def _bundled(name: str) -> Callable[[], Table]:
    def read() -> Table:
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        return Table(frame=frame, target="target")

    return read


def _no_header(path: str, target: int) -> Callable[[], Table]:
    return _file(path, str(target), header=None)


# 25, small and large, of numbers and of classes.
SETS: Mapping[str, Callable[[], Table]] = {
    "ames": _file("house_ames/kaggle_train.csv", "SalePrice", "Id"),
    "california": _file("house_california/housing.csv", "median_house_value"),
    "adult": _no_header("adult/adult-train.csv", 14),
    "abalone": _no_header("imbalanced/abalone.csv", 8),
    "bank": _file("imbalanced/bank-additional.csv", "y"),
    "glass": _no_header("imbalanced/glass.csv", 9),
    "mammography": _no_header("imbalanced/mammography.csv", 6),
    "oil-spill": _no_header("imbalanced/oil-spill.csv", 49),
    "phoneme": _no_header("imbalanced/phoneme.csv", 5),
    "pima": _no_header("imbalanced/pima-indians-diabetes.csv", 8),
    "sonar": _no_header("imbalanced/sonar.csv", 60),
    "wine-red": _no_header("imbalanced/winequality-red.csv", 11),
    "wine-white": _no_header("imbalanced/winequality-white.csv", 11),
    "yeast": _file("imbalanced/yeast.data", "class", "Sequence_Name", sep=r"\s+"),
    "banknote": _no_header("imbalanced/banknote_authentication.csv", 4),
    "haberman": _no_header("imbalanced/haberman.csv", 3),
    "diamonds": _file("messy/diamonds.csv", "price"),
    "titanic": _file(
        "messy/titanic_train.csv", "Survived", "PassengerId", "Name", "Ticket"
    ),
    "auto-imports": _no_header("messy/auto_imports.csv", 25),
    "mpg": _file("messy/mpg.csv", "mpg", "name"),
    "elec": _file("drift/elec.csv", "class"),
    "diabetes": _bundled("diabetes"),
    "breast-cancer": _bundled("breast_cancer"),
    "wine": _bundled("wine"),
    "digits": _bundled("digits"),
}
