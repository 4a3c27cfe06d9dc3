"""Tables in, one plain form out; or one sentence."""

import bz2
import gzip
import lzma
import zipfile

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from wellfit.core.errors import BadTable
from wellfit.data.table import read_table

CSV = "name,size,sold\nred,1.5,yes\nblue,2,no\n, ,?\n"
FRAME = pd.DataFrame(
    {"name": ["red", "blue", None], "size": [1.5, 2.0, None], "n": [1, 2, 3]}
)


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(content, name="table.csv", **more):
    def pack(path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content)
            for other, text in more.items():
                archive.writestr(other, text)

    return pack


@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt"])
def test_the_delimiter_is_found_whatever_the_name(tmp_path, sep, suffix):
    path = write(tmp_path / f"t{suffix}", CSV.replace(",", sep))
    frame = read_table(path).frame
    assert list(frame) == ["name", "size", "sold"]
    assert frame["size"].tolist()[:2] == [1.5, 2.0]
    assert frame.isna().iloc[2].all()


def test_spaces_separate_too(tmp_path):
    frame = read_table(
        write(tmp_path / "t.data", "  a   b c\n  x  1 2\n  y  3 4\n")
    ).frame
    assert frame.to_dict("list") == {"a": ["x", "y"], "b": [1, 3], "c": [2, 4]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_an_encoding_is_told_by_its_mark(tmp_path, encoding):
    path = write(tmp_path / "t.csv", "städt,größe\nköln,1\nbonn,2\n".encode(encoding))
    assert read_table(path).frame["städt"].tolist() == ["köln", "bonn"]


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", lambda raw: pa.compress(raw, "zstd", asbytes=True)),
        (".zip", lambda raw: raw),
        (".gz.xz", lambda raw: lzma.compress(gzip.compress(raw))),
    ],
)
def test_compressed_files_are_opened(tmp_path, suffix, pack):
    path = write(tmp_path / f"t.csv{suffix}", pack(CSV.encode()))
    assert len(read_table(path).frame) == 3


def test_a_zip_of_one_table(tmp_path):
    zipped(CSV, **{"__MACOSX/._t.csv": "?"})(tmp_path / "t.zip")
    assert len(read_table(tmp_path / "t.zip").frame) == 3


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx"])
def test_parquet_and_excel(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    (FRAME.to_parquet if suffix == ".parquet" else FRAME.to_excel)(path, index=False)
    frame = read_table(path).frame
    assert frame["size"].tolist()[:2] == [1.5, 2.0]
    assert frame["n"].tolist() == [1, 2, 3]


def test_the_first_of_many_sheets_is_read_and_said(tmp_path):
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        FRAME.to_excel(book, sheet_name="one", index=False)
        FRAME.to_excel(book, sheet_name="two", index=False)
    assert read_table(tmp_path / "t.xlsx").notes == (
        "read the sheet 'one', the first of 2",
    )


@pytest.mark.parametrize(
    "given",
    [FRAME, pl.from_pandas(FRAME), pl.from_pandas(FRAME).lazy(), pa.table(FRAME)],
    ids=["pandas", "polars", "lazy", "arrow"],
)
def test_frames_come_out_alike(given):
    frame = read_table(given).frame
    assert frame["name"].isna().tolist() == [False, False, True]
    assert frame["n"].dtype == "int64"


def test_the_frame_that_came_in_is_left_alone():
    given = FRAME.copy()
    read_table(given)
    pd.testing.assert_frame_equal(given, FRAME)


def test_four_types_come_out():
    given = pd.DataFrame(
        {
            "integer": pd.array([1, None, 3], dtype="Int64"),
            "category": pd.Categorical(["a", "b", "a"]),
            "zoned": pd.to_datetime(["2020-01-01"] * 3).tz_localize("Asia/Tokyo"),
            "span": pd.to_timedelta([1, 2, 3], unit="h"),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "mixed": [1, "x", None],
            "numbers": ["1", " 2 ", "NA"],
            "complex": [1j, 2j, 3j],
            "lists": [[1], [2], [3]],
            7: [1.0, np.inf, 2.0],
        }
    )
    frame = read_table(given).frame
    assert {str(d).partition("[")[0] for d in frame.dtypes} <= {
        "bool", "int64", "float64", "datetime64", "str",
    }  # fmt: skip
    assert frame["zoned"][0] == pd.Timestamp("2019-12-31 15:00")
    assert frame["span"].tolist() == [3600.0, 7200.0, 10800.0]
    assert frame["numbers"].tolist()[:2] == [1.0, 2.0]
    assert frame["flag"].tolist()[0] == "True"
    assert frame["7"].tolist() == [1.0, np.inf, 2.0]


@pytest.mark.parametrize(
    "lines",
    [
        "39, State-gov, 77516\n50, Private, 1\n38, State-gov, 2\n",
        "6,148,0.627\n1,85,0.351\n",
        "30,64,1,1\n30,62,3,1\n",
        "?,alfa,1\n3,?,2\n",
    ],
)
def test_a_first_line_of_values_is_no_header(tmp_path, lines):
    table = read_table(write(tmp_path / "t.csv", lines))
    assert next(iter(table.frame)) == "column_1"
    assert len(table.frame) == lines.count("\n")
    assert "holds values, not names" in table.notes[0]


@pytest.mark.parametrize(
    "lines",
    [
        "city,2019,2020\nParis,1,2\nRome,3,4\n",
        "0,1,2\n5.5,1,2\n6.5,3,4\n",
        "a,b\nx,1\na,b\ny,2\n",
    ],
)
def test_a_header_of_odd_names_is_a_header(tmp_path, lines):
    assert next(iter(read_table(write(tmp_path / "t.csv", lines)).frame)) in "city 0 a"


def test_a_decimal_comma_is_read_and_said(tmp_path):
    table = read_table(write(tmp_path / "t.csv", "a;b\n3,14;x\n2,5;y\n"))
    assert table.frame["a"].tolist() == [3.14, 2.5]
    assert "comma" in table.notes[0]


def test_an_index_is_not_used_and_that_is_said():
    table = read_table(FRAME.set_index("name"))
    assert list(table.frame) == ["size", "n"]
    assert "index" in table.notes[0]


FAULTS = {
    "empty": (b"", "empty"),
    "blank": (b" \n \n", "empty"),
    "header only": (b"a,b,c\n", "no rows"),
    "one column": (b"a\n1\n2\n", "one column"),
    "duplicates": (b"a,b,a\n1,2,3\n", "'a'"),
    "NUL bytes": (b"a,b\n1,\x002\n", "NUL"),
    "one byte": (b"U" * 5000, "0x55"),
    "latin-1": ("a,b\nstädt,2\n".encode("latin-1"), "WINDOWS-1252"),
    "utf-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), "NUL"),
    "ragged": (b"a,b\n1,2\n1,2,3,4\n", "line 3 has 4 cells where 2"),
    "all too wide": (b"a,b\n1,2,3\n4,5,6\n", "more cells than its header"),
    "an open quote": (b'a,b\n1,"2\n3,4\n', "quotation"),
    "binary": (bytes(range(1, 256)) * 20, "UTF-8"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_file_gives_one_sentence(tmp_path, name):
    content, said = FAULTS[name]
    path = write(tmp_path / "t.csv", content)
    with pytest.raises(BadTable) as caught:
        read_table(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx", ".gz", ".zip", ".csv.xz"])
def test_a_damaged_file_gives_one_sentence(tmp_path, suffix):
    path = write(tmp_path / f"t{suffix}", b"\x00damaged\xff" * 50)
    with pytest.raises(BadTable, match=r"damaged|UTF-8"):
        read_table(path)


def test_a_truncated_archive_gives_one_sentence(tmp_path):
    whole = gzip.compress(np.random.default_rng(0).bytes(5000))
    with pytest.raises(BadTable, match="damaged"):
        read_table(write(tmp_path / "t.csv.gz", whole[:2000]))


def test_a_zip_of_many_files_is_refused(tmp_path):
    zipped(CSV, **{"b.csv": CSV})(tmp_path / "t.zip")
    with pytest.raises(BadTable, match="holds 2 files"):
        read_table(tmp_path / "t.zip")


def test_a_missing_file_names_the_nearest(tmp_path):
    write(tmp_path / "housing.csv", CSV)
    with pytest.raises(BadTable, match=r"did you mean 'housing\.csv'"):
        read_table(tmp_path / "houses.csv")
    with pytest.raises(BadTable, match="no such file"):
        read_table(tmp_path / "nowhere" / "t.csv")


def test_a_folder_and_a_foreign_format_are_refused(tmp_path):
    with pytest.raises(BadTable, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(BadTable, match=r"\.pkl.*it reads .*\.parquet"):
        read_table(write(tmp_path / "t.pkl", b"x"))
    with pytest.raises(BadTable, match="got list"):
        read_table([1, 2])


def test_duplicate_columns_of_a_frame_are_refused():
    with pytest.raises(BadTable, match="'a'"):
        read_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            "a long and dull film\t0\nso very good indeed\t1\nnot my kind of film\t0\n",
            3,
        ),
        ("-1 1:0.5 2:1.5\n-1 1:0.2 2:1.0\n1 1:0.9 2:0.1\n", 3),
        ("text\t0\t1\nfirst\t1\t0\nsecond\t0\t1\n", 2),
    ],
)
def test_sentences_with_a_label_and_signs_are_no_names(tmp_path, text, values):
    path = tmp_path / "table.txt"
    path.write_text(text)
    assert len(read_table(path).frame) == values


def test_a_folder_of_parts_is_one_table(tmp_path):
    parts = [
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pd.DataFrame({"a": [3], "b": ["z"]}),
    ]
    for number, part in enumerate(parts):
        part.to_csv(tmp_path / f"part-{number}.csv", index=False)
    found = read_table(tmp_path)
    assert found.frame.to_dict("list") == {"a": [1, 2, 3], "b": ["x", "y", "z"]}
