"""Sets of images as tables: folders, parts, zips, and columns of paths."""

import shutil

import numpy as np
import pandas as pd
import pytest

from tests.data.pictures import folder
from wellfit.core.errors import BadTable
from wellfit.data.columns import Kind, images_in, kind_of
from wellfit.data.imagesets import parts_in
from wellfit.data.split import split_by_part
from wellfit.data.table import read_table


@pytest.fixture
def photos(tmp_path):
    return folder(tmp_path / "photos", {"cat": 3, "dog": 2}, side=8)


def test_a_folder_is_a_table_of_paths_and_classes(photos):
    table = read_table(photos)
    assert (table.name, table.target, table.part) == ("photos", "class", None)
    assert table.frame["class"].tolist() == ["cat"] * 3 + ["dog"] * 2
    assert table.frame["image"][3] == str(photos / "dog" / "000.png")
    assert kind_of(table.frame["image"]) is Kind.IMAGE


def test_images_further_down_are_of_the_first_folder(photos):
    shutil.move(photos / "dog", photos / "dogs" / "puppy")
    shutil.copy(photos / "cat" / "000.png", photos / ".hidden.png")
    shutil.copy(photos / "cat" / "000.png", photos / "astray.png")
    table = read_table(photos)
    assert table.frame["image"][0] == str(photos / "astray.png")
    assert pd.isna(table.frame["class"][0])  # a row without a target
    assert table.frame["class"][1:].tolist() == ["cat"] * 3 + ["dogs"] * 2


def test_parts_are_told_from_classes(photos):
    root = photos.parent / "parted"
    for part in ("train", "val", "testing"):
        shutil.copytree(photos, root / part)
    table = read_table(root)
    assert set(table.frame["class"]) == {"cat", "dog"}
    assert (table.target, table.part) == ("class", "part")
    assert dict(table.frame["part"].value_counts()) == dict.fromkeys(
        ("train", "validation", "test"), 5
    )
    shutil.rmtree(root / "val")
    shutil.rmtree(root / "testing")
    assert list(read_table(root).frame) == ["image", "class"]
    shutil.copytree(photos / "cat", root / "bus")  # trains and buses are classes
    assert set(read_table(root).frame["class"]) == {"train", "bus"}


@pytest.mark.parametrize("base", ["", "photos"])
def test_a_zip_of_a_folder_is_the_same(photos, base):
    root = photos.parent if base else photos
    made = shutil.make_archive(str(photos.parent / "set"), "zip", root, base or ".")
    found, expected = read_table(made), read_table(photos)
    assert found.target == "class"
    assert found.frame["class"].equals(expected.frame["class"])
    assert kind_of(found.frame["image"]) is Kind.IMAGE


def test_images_without_folders_have_no_class(photos):
    table = read_table(photos / "cat")
    assert list(table.frame) == ["image"]
    assert table.target is None


def test_a_folder_without_images_is_told(tmp_path):
    with pytest.raises(BadTable, match="is a folder without images"):
        read_table(tmp_path)


def test_paths_of_a_table_are_told_from_its_folder(photos, monkeypatch):
    frame = read_table(photos).frame
    relative = frame.assign(
        image=[f"{p.split('/')[-2]}/{p.split('/')[-1]}" for p in frame["image"]]
    )
    relative.loc[1, "image"] = None
    relative.to_csv(photos / "labels.csv", index=False)
    table = read_table(photos / "labels.csv")
    assert images_in(table.frame) == ["image"]
    assert table.frame["image"][0] == frame["image"][0]
    assert pd.isna(table.frame["image"][1])
    assert images_in(read_table(relative).frame) == []  # nothing is there
    monkeypatch.chdir(photos)
    assert images_in(read_table(relative).frame) == ["image"]


def test_names_of_images_that_are_nowhere_are_no_images():
    names = pd.Series([f"{i}.png" for i in range(50)], dtype="str")
    assert kind_of(names) is Kind.IDENTIFIER
    assert images_in(pd.DataFrame({"n": range(3), "t": ["a", "b", None]})) == []


def test_a_split_by_part_is_as_the_column_says():
    said = pd.Series(["Train", "val", "TEST", "train", None], dtype="str")
    split = split_by_part(parts_in(said), None, seed=0)
    assert [rows.tolist() for rows in (split.train, split.validation, split.test)] == [
        [0, 3], [1], [2],
    ]  # fmt: skip
    with pytest.raises(BadTable, match="no row is in the part train"):
        split_by_part(parts_in(said[1:3]), None, seed=0)


@pytest.mark.parametrize("keys", [None, np.arange(80) % 4])
@pytest.mark.parametrize("there", ["validation", "test"])
def test_a_part_that_is_not_there_is_drawn_from_training(there, keys):
    parts = np.array(["train"] * 60 + [there] * 20, dtype=object)
    split = split_by_part(parts, keys, seed=0)
    other = "test" if there == "validation" else "validation"
    assert getattr(split, there).tolist() == list(range(60, 80))
    drawn = getattr(split, other)
    assert len(drawn) == 12
    assert drawn.max() < 60
    assert sorted([*split.train, *drawn]) == list(range(60))
    assert f"no row is in the part {other}" in split.notes[0]
    if keys is not None:
        assert np.bincount(keys[drawn]).tolist() == [3, 3, 3, 3]
