"""Tables read in chunks: the same values as when they are read whole."""

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from wellfit.core.errors import BadTable
from wellfit.data import stream as streams
from wellfit.data.sampled import sampled
from wellfit.data.stream import open_stream
from wellfit.data.table import like, read_table

HERE = Path(__file__).parent
DATA = Path(os.environ.get("WELLFIT_DATA") or HERE.parents[2] / "shared" / "data")
ALL = 10**9
# Without columns of dates, which Arrow reads as such and pandas as text.
STORED = (
    "adult/adult-train.csv",
    "drift/shuttle.csv.gz",
    "house_ames/kaggle_train.csv",
    "house_california/housing.csv",
    "imbalanced/yeast.data",
    "messy/auto_imports.csv",
    "messy/diamonds.csv",
    "messy/titanic_train.csv",
    "text_chnsenticorp/train.tsv",
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(streams, "BLOCK", 1 << 15)
    monkeypatch.setattr(streams, "BATCH", 100)


def stored(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"{DATA / name} is not there")
    return DATA / name


@pytest.mark.parametrize("name", STORED)
def test_all_rows_in_chunks_are_the_table_read_whole(name):
    whole = read_table(stored(name)).frame
    stream = open_stream(stored(name))
    found = sampled(stream, ALL)
    assert found.whole
    assert found.rows == len(whole)
    pd.testing.assert_frame_equal(found.frame, whole, check_exact=True)
    types = dict(whole.dtypes)
    chunks = [like(chunk, types) for chunk in found.stream.chunks()]
    assert len(chunks) > 1 or stored(name).stat().st_size < streams.BLOCK
    again = pd.concat(chunks, ignore_index=True)
    pd.testing.assert_frame_equal(again, whole, check_exact=True, check_dtype=False)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "zip", "parquet", "folder", "tsv"])
def test_every_form_gives_the_same_rows(form, tmp_path):
    frame = pd.DataFrame(
        {"a": np.arange(5000), "b": [f"v{i % 7}" for i in range(5000)]}
    )
    path = tmp_path / f"table.{form}"
    match form:
        case "csv":
            frame.to_csv(path, index=False)
        case "tsv":
            frame.to_csv(path, index=False, sep="\t")
        case "csv.gz":
            path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
        case "zip":
            path = tmp_path / "table.csv.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("table.csv", frame.to_csv(index=False))
        case "parquet":
            frame.to_parquet(path)
        case "folder":
            path.mkdir()
            frame[:2000].to_parquet(path / "part-0.parquet")
            frame[2000:].to_parquet(path / "part-1.parquet")
            (path / "_SUCCESS").touch()
    found = sampled(open_stream(path), ALL, keep=["b"])
    expected = read_table(frame).frame
    pd.testing.assert_frame_equal(found.frame, expected)
    pd.testing.assert_frame_equal(found.kept, expected[["b"]])


def test_a_sample_is_the_same_rows_whatever_the_chunks(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    pd.DataFrame({"a": range(20_000), "b": 0.5}).to_csv(path, index=False)
    one = sampled(open_stream(path), 3000, seed=4)
    monkeypatch.setattr(streams, "BLOCK", 1 << 12)
    other = sampled(open_stream(path), 3000, seed=4)
    assert len(one.places) == 3000 < one.rows == 20_000
    np.testing.assert_array_equal(one.places, other.places)
    pd.testing.assert_frame_equal(one.frame, other.frame)
    np.testing.assert_array_equal(one.frame["a"], one.places)
    third = sampled(open_stream(path), 3000, seed=5)
    assert len(np.intersect1d(one.places, third.places)) < 1000


def test_a_sample_is_uniform(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": np.arange(200_000)}).to_parquet(path)
    places = sampled(open_stream(path), 20_000).places
    counts = np.histogram(places, bins=20, range=(0, 200_000))[0]
    assert np.sum((counts - 1000) ** 2 / 1000) < 43.8  # χ² of 19, p = 0.001
    assert np.all(np.diff(places) > 0)


@pytest.mark.parametrize(
    ("first", "late", "expected"),
    [
        ("1", "1.5", [1.0, 1.5]),
        ("", "3", [np.nan, 3.0]),
        ("1", "x", ["1", "x"]),
        ("true", "maybe", ["true", "maybe"]),
        ("2024-01-01", "later", ["2024-01-01", "later"]),
    ],
)
def test_a_type_that_changes_late_is_widened(tmp_path, first, late, expected):
    path = tmp_path / "table.csv"
    lines = [f"{i},{first}" for i in range(9000)]
    path.write_text("\n".join(["n,v", *lines, f"9000,{late}"]) + "\n")
    found = sampled(open_stream(path), ALL)
    values = found.frame["v"].iloc[[0, -1]].tolist()
    assert [str(v) for v in values] == [str(v) for v in expected]
    pd.testing.assert_frame_equal(
        found.frame, read_table(path).frame, check_dtype=False
    )


def test_text_among_numbers_that_the_sample_has_none_of_is_missing():
    types = dict(pd.DataFrame({"v": [1.5]}).dtypes)
    chunk = pd.DataFrame({"v": ["2.5", "x", "?", " 3"]})
    np.testing.assert_array_equal(like(chunk, types)["v"], [2.5, np.nan, np.nan, 3.0])


def test_short_lines_are_missing_cells_and_long_ones_are_told(tmp_path):
    path = tmp_path / "table.csv"
    lines = [f"{i},{i}" for i in range(9000)]
    path.write_text("\n".join(["n,v", *lines, "7"]) + "\n")
    found = sampled(open_stream(path), ALL)
    assert np.isnan(found.frame["v"].iloc[-1])
    path.write_text("\n".join(["n,v", *lines, "7,8,9"]) + "\n")
    with pytest.raises(BadTable, match="line 9002 has 3 cells where 2 were expected"):
        sampled(open_stream(path), ALL)


def test_parts_with_other_columns_are_told(tmp_path):
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [1], "c": [2]}).to_parquet(tmp_path / "2.parquet")
    with pytest.raises(BadTable, match=r"same columns: 'b' is in only one of"):
        open_stream(tmp_path)


def test_a_packed_file_that_ends_too_early_is_told(tmp_path):
    path = tmp_path / "table.csv.gz"
    rng = np.random.default_rng(0)
    text = pd.DataFrame(rng.normal(size=(20_000, 3))).to_csv(index=False)
    path.write_bytes(gzip.compress(text.encode())[:-2000])
    with pytest.raises(BadTable, match="damaged"):
        sampled(open_stream(path), ALL)


def test_parquet_is_not_read_whole(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": np.arange(1000)}).to_parquet(path)
    assert pq.read_metadata(path).num_row_groups == 1
    assert [len(chunk) for chunk in open_stream(path).chunks()] == [100] * 10
