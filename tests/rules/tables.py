"""Tables with one fault each, and whole ones, looked at as `wellfit check` does."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets

from wellfit.core.run import Run
from wellfit.data.inspection import inspect

Frame = pd.DataFrame


def people(rows: int = 400, seed: int = 0) -> Frame:
    """An ordinary table: numbers of several kinds, categories, a date, an id, gaps."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    income = np.exp(rng.normal(10, 0.8, rows)).round(2)
    town = rng.choice(
        ["Rome", "Oslo", "New York", "Paris"], rows, p=[0.4, 0.3, 0.2, 0.1]
    )
    score = (age - 45) / 10 + (town == "Rome") + rng.normal(0, 1, rows)
    weight = rng.normal(70, 12, rows).round(1)
    weight[rng.random(rows) < 0.03] = np.nan
    return Frame(
        {
            "id": np.arange(rows) + 1000 * (seed + 1),
            "age": age,
            "income": income,
            "weight": weight,
            "town": town,
            "joined": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
            "member": rng.random(rows) < 0.5,
            "score": score.round(3),
            "bought": np.where(score + rng.normal(0, 1, rows) > 0.5, "yes", "no"),
        }
    )


def blobs(rows: int = 600, noise: float = 0.0, seed: int = 0) -> Frame:
    """Three classes well apart; `noise` of the labels are another one."""
    x, y = datasets.make_blobs(rows, 4, centers=3, cluster_std=1.5, random_state=seed)
    rng = np.random.default_rng(seed)
    wrong = rng.random(rows) < noise
    y = np.where(wrong, (y + rng.integers(1, 3, rows)) % 3, y)
    names = np.array(["red", "green", "blue"])
    return Frame(x, columns=list("abcd")).assign(colour=names[y])


def repeated() -> Run:
    rng = np.random.default_rng(1)
    table = people()
    again = table.iloc[rng.integers(0, len(table), 40)]
    both = pd.concat([table, again], ignore_index=True)
    return inspect(both.assign(id=np.arange(len(both)) + 1))


def nearly_repeated() -> Run:
    rng = np.random.default_rng(1)
    table = people()
    again = table.iloc[:40].assign(
        income=lambda t: t["income"] * (1 + 1e-5 * rng.normal(size=len(t))),
        town=lambda t: t["town"].str.upper(),
        id=np.arange(40) + 5000,
    )
    folded = table.assign(town=table["town"].str.upper())
    return inspect(pd.concat([folded, again], ignore_index=True))


def leaked_rows() -> Run:
    table, other = people(), people(100, seed=1)
    held = pd.concat([other.iloc[20:], table.iloc[:20]], ignore_index=True)
    return inspect(table, validation=held)


def leaked_groups() -> Run:
    rng = np.random.default_rng(7)
    table = people(600)
    table["patient"] = rng.integers(0, 100, len(table))
    held = table["patient"] < 20
    mixed = rng.permutation(np.flatnonzero(held))[:30]
    part = np.where(held, "validation", "train")
    part[mixed] = "train"
    return inspect(table.assign(part=part), split="part", group="patient")


def mixed_times() -> Run:
    table = people(600)
    part = np.where(np.arange(len(table)) % 4 == 0, "test", "train")
    return inspect(table.assign(part=part), split="part", time="joined")


def flipped() -> Run:
    return inspect(blobs(noise=0.08), target="colour")


def far_values() -> Run:
    table = people(1000)
    table.loc[[3, 500, 720], "weight"] = [7200.0, 6510.0, 8040.0]
    return inspect(table)


def spelt() -> Run:
    table = people()
    some = table["town"] == "New York"
    places = np.flatnonzero(some)
    table.loc[places[:12], "town"] = "new york"
    table.loc[places[12:18], "town"] = "New-York"
    return inspect(table)


def two_units() -> Run:
    rng = np.random.default_rng(0)
    height = rng.normal(172, 9, 500)
    height[:30] /= 100
    return inspect(people(500).assign(height=height))


def written_units() -> Run:
    mass = [f"{w:.1f} kg" for w in np.random.default_rng(0).normal(70, 9, 400)]
    mass[:25] = [f"{w} lb" for w in range(120, 145)]
    return inspect(people().assign(mass=mass))


def mixed_dates() -> Run:
    when = people()["joined"]
    born = when.dt.strftime("%Y-%m-%d").where(
        np.arange(len(when)) > 60, when.dt.strftime("%d/%m/%Y")
    )
    return inspect(people().assign(born=born))


def dull() -> Run:
    table = people()
    return inspect(
        table.assign(
            unit="kg",
            region=table["town"].map({"Rome": 1, "Oslo": 2, "New York": 3, "Paris": 4}),
            euros=table["income"] * 0.92,
            empty=np.nan,
        )
    )


def shifted() -> Run:
    held = people(300, seed=1)
    held["income"] *= 2.0
    return inspect(people(), validation=held)


def scarce() -> Run:
    x, y = datasets.make_regression(100, 80, n_informative=80, noise=5, random_state=0)
    return inspect(
        Frame(x, columns=[f"x{k}" for k in range(80)]).assign(y=y), target="y"
    )


PLANTED: Mapping[str, tuple[Callable[[], Run], ...]] = {
    "duplicate-rows": (repeated, nearly_repeated),
    "train-validation-leakage": (leaked_rows, leaked_groups, mixed_times),
    "label-noise": (flipped,),
    "outliers": (far_values,),
    "inconsistent-values": (spelt, two_units, written_units, mixed_dates),
    "uninformative-features": (dull,),
    "train-validation-shift": (shifted,),
    "too-little-data": (scarce,),
}


@cache
def planted(rule: str) -> tuple[Run, ...]:
    """The tables with the fault that the rule is for, as runs."""
    return tuple(made() for made in PLANTED.get(rule, ()))


@cache
def healthy() -> dict[str, Run]:
    """Tables without any, as runs."""
    iris: Any = datasets.load_iris(as_frame=True)
    half = iris.frame.sample(frac=1, random_state=0)
    return {
        "people": inspect(people(), validation=people(200, seed=1)),
        "blobs": inspect(blobs(), target="colour"),
        "iris": inspect(half.iloc[:100], target="target", validation=half.iloc[100:]),
        "diabetes": inspect(datasets.load_diabetes(as_frame=True).frame),
    }
