"""Kinds of columns, and their values."""

import numpy as np
import pandas as pd
import pytest

from wellfit.data.columns import (
    Kind,
    date_format,
    dates,
    finite,
    form_of,
    kind_of,
    moments,
    numbers,
    seconds,
    texts,
)
from wellfit.data.table import read_table

RNG = np.random.default_rng(0)
N = 200


def plain(values, name="x"):
    """The column as read_table leaves it."""
    return read_table(pd.DataFrame({name: values, "other": 1})).frame[name]


KINDS = {
    "floats": (Kind.NUMBER, RNG.normal(size=N)),
    "whole numbers": (Kind.NUMBER, RNG.integers(0, 50, N)),
    "whole numbers, all different": (Kind.NUMBER, RNG.permutation(N) * 7),
    "0 and 1": (Kind.BOOLEAN, RNG.integers(0, 2, N)),
    "0, 1 and missing": (Kind.BOOLEAN, [0, 1, None] * 50),
    "true and false": (Kind.BOOLEAN, [True, False] * 100),
    "true, false, missing": (Kind.BOOLEAN, [True, False, None] * 50),
    "yes and no": (Kind.BOOLEAN, ["Yes", "no", None] * 50),
    "two words": (Kind.CATEGORY, ["male", "female"] * 100),
    "yes and yes": (Kind.CATEGORY, ["yes", "true"] * 100),
    "colours": (Kind.CATEGORY, ["red", "green", "blue", None] * 50),
    "one word and missing": (Kind.CATEGORY, ["grvl", None] * 100),
    "one number and missing": (Kind.NUMBER, [3, None] * 100),
    "many cities": (Kind.CATEGORY, [f"city {i % 40}" for i in range(N)]),
    "0 to 3+": (Kind.CATEGORY, ["0", "1", "2", "3+"] * 50),
    "numbers with a few words": (Kind.NUMBER, [*range(N - 10), *(["error"] * 10)]),
    "with infinite ones": (Kind.NUMBER, [*range(2, N), np.inf, -np.inf]),
    "one value": (Kind.CONSTANT, [4.0] * N),
    "one word": (Kind.CONSTANT, ["x"] * N),
    "nothing": (Kind.CONSTANT, [None] * N),
    "only infinite": (Kind.CONSTANT, [np.inf] * N),
    "false alone": (Kind.CONSTANT, [False] * N),
    "a row count": (Kind.IDENTIFIER, range(N)),
    "codes": (Kind.IDENTIFIER, [f"A{i:05d}" for i in range(N)]),
    "uuids": (Kind.IDENTIFIER, [f"{i:08x}-aa-{i:012x}" for i in range(N)]),
    "sentences": (Kind.TEXT, [f"it is number {i} of them all" for i in range(N)]),
    "unspaced script": (Kind.TEXT, [f"这家酒店很好第{i}次" for i in range(N)]),
    "timestamps": (Kind.DATE, pd.date_range("2020-01-01", periods=N)),
    "ISO": (Kind.DATE, [f"2020-01-{i % 28 + 1:02d}" for i in range(N)]),
    "months": (Kind.DATE, [f"{1990 + i // 12}-{i % 12 + 1:02d}" for i in range(N)]),
    "German": (Kind.DATE, [f"{i % 28 + 1:02d}.03.2021" for i in range(N)]),
    "American": (Kind.DATE, [f"03/{i % 28 + 1}/2021" for i in range(N)]),
    "few dates": (Kind.DATE, ["2020-01-01", "2020-02-01", None] * 50),
    "versions": (Kind.CATEGORY, ["1.2.3", "1.2.4", "2.0.0"] * 60),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_kind_is_told(name):
    kind, values = KINDS[name]
    assert kind_of(plain(list(values))) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("PassengerId", Kind.IDENTIFIER),
        ("PID", Kind.IDENTIFIER),
        ("customer_id", Kind.IDENTIFIER),
        ("id", Kind.IDENTIFIER),
        ("paid", Kind.NUMBER),
        ("price", Kind.NUMBER),
        ("humid", Kind.NUMBER),
    ],
)
def test_a_name_tells_an_identifier_where_all_values_differ(name, kind):
    different = RNG.permutation(1000)[:N]
    assert kind_of(plain(different, name)) is kind
    assert kind_of(plain(RNG.integers(0, 9, N), name)) is Kind.NUMBER


def test_numbers_of_every_type():
    assert numbers(plain(["1", "x", "2.5", "inf"])).tolist()[::2] == [1.0, 2.5]
    assert numbers(plain(["yes", "No", "y"])).tolist() == [1.0, 0.0, 1.0]
    assert numbers(plain([True, False])).tolist() == [1.0, 0.0]
    assert np.isnan(finite(plain([1.0, np.inf]))).tolist() == [False, True]


def test_text_is_alike_however_a_value_was_stored():
    for stored in ([3, 4], [3.0, 4.0], ["3", "4"]):
        assert texts(plain(stored)).tolist() == ["3", "4"]
    assert texts(plain([True, False])).tolist() == ["true", "false"]
    assert texts(plain([3.5, None])).isna().tolist() == [False, True]
    assert texts(plain([3.5, None]))[0] == "3.5"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2020-05-06", "ISO8601"),
        ("2020-05-06T07:08:09+02:00", "ISO8601"),
        ("05/31/2020", "%m/%d/%Y"),
        ("31/05/2020", "%d/%m/%Y"),
        ("31.05.2020", "%d.%m.%Y"),
        ("May 31, 2020", "%b %d, %Y"),
        ("31-May-2020", "%d-%b-%Y"),
        ("20200531", None),
        ("hello 3", None),
    ],
)
def test_a_date_format_is_found(text, form):
    assert date_format(pd.Series([text])) == form


def test_dates_become_seconds():
    column = plain(["1970-01-02", "1970-01-01 00:01", None])
    assert form_of(column) == "ISO8601"
    assert seconds(dates(column, "ISO8601")).tolist()[:2] == [86400.0, 60.0]
    assert np.isnan(moments(column, Kind.DATE)[2])
