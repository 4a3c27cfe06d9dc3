"""Training on images, end to end: from a folder to a model, through a kill and back."""

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from tests.data.pictures import folder, made
from tests.killing import killed, loss
from wellfit.core.errors import BadSetting, BadTable, WellfitError
from wellfit.record import open_run
from wellfit.show.report.file import report
from wellfit.trainer.checkpoint import checkpoints_in, step_of
from wellfit.trainer.recipes import read_recipe, written
from wellfit.verbs.predict import predict
from wellfit.verbs.recipe import recipe_for
from wellfit.verbs.train import train

HERE = Path(__file__).parent
DATA = Path(os.environ.get("WELLFIT_DATA") or HERE.parents[2] / "shared" / "data")
CIFAR = DATA / "cifar10" / "cifar10_train_a_k0000-1999_jpg.zip"
SMALL = (
    "loop.epochs=10",
    "loop.batch_size=16",
    "model.params.widths=[8,16]",
    "optimizer.lr=0.05",
    "precision.device=cpu",
)
FOUR = {"ant": 30, "bee": 30, "cow": 30, "dog": 30}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("sets") / "photos", FOUR)


@pytest.fixture(scope="module")
def trained(photos, tmp_path_factory):
    """A training on images, that nothing is to be changed of."""
    return train(photos, asked=SMALL, out=tmp_path_factory.mktemp("trained") / "run")


def test_a_folder_is_trained_on_by_the_recipe_written_for_it(photos, tmp_path):
    done = train(photos, budget="1s", out=tmp_path / "run")
    assert done.recipe is not None
    assert (done.recipe.model.name, done.recipe.data.target) == ("cnn", "class")
    assert [entry.model for entry in done.contest.entries] == ["trivial", "cnn"]


def test_it_learns_what_there_is_to_learn(trained):
    assert trained.result.test["accuracy"] > 0.9
    assert trained.result.trivial["accuracy"] == 0.25


def test_the_run_folder_has_all_of_it(trained):
    run = open_run(trained.run.path)
    assert {"model", "checkpoints", "recipe.yaml", "run.db"} <= {
        p.name for p in run.path.iterdir()
    }
    assert {"train/loss", "val/loss", "test/accuracy"} <= set(run.signals)
    assert (run.path / "recipe.yaml").read_text() == written(trained.recipe)
    path = report(run.path, run.path / "report.html")
    assert "class" in Path(path).read_text()


def test_healthy_images_are_not_found_fault_with(trained):
    told = [f"{f.rule}: {f.summary}" for f in trained.diagnosis.findings]
    assert not [text for text in told if "image" in text or "part" in text]


def test_a_recipe_in_a_file_trains_the_same_bit_for_bit(trained, photos, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(written(recipe_for(photos, asked=SMALL)))
    assert read_recipe(path) == trained.recipe
    again = train(path, out=tmp_path / "run")
    one, two = (
        (done.run.path / "model" / "cnn.safetensors").read_bytes()
        for done in (trained, again)
    )
    assert one == two


def test_a_folder_is_predicted_for_with_the_paths(trained, tmp_path):
    new = folder(tmp_path / "new", {"x": 6}, seed=5)
    (new / "y.jpg").write_bytes(b"no image")
    expected = trained.predict(new)
    found = predict(trained.run.path, new)
    pd.testing.assert_frame_equal(found, expected)
    assert list(found)[:2] == ["image", "prediction"]
    assert found["image"].tolist()[0] == str(new / "x" / "000.png")
    good, bad = found.iloc[:6], found.iloc[6]
    assert (good["prediction"] == "ant").mean() > 0.8
    np.testing.assert_allclose(good.iloc[:, 2:].sum(axis=1), 1)
    assert bad.iloc[1:].isna().all()


def test_a_table_of_paths_is_predicted_for_too(trained, tmp_path):
    new = folder(tmp_path / "new", {"x": 3, "y": 3}, seed=5)
    rows = [f"{c}/{i:03}.png" for i in range(3) for c in "xy"]
    pd.DataFrame({"note": range(6), "image": rows}).to_csv(new / "t.csv", index=False)
    found = predict(trained.run.path, new / "t.csv")
    by_path = predict(trained.run.path, new).set_index("image")["prediction"]
    assert found["prediction"].tolist() == [by_path[str(new / row)] for row in rows]


def test_the_parts_of_a_folder_are_kept(tmp_path):
    root = tmp_path / "parted"
    for seed, (part, count) in enumerate({"train": 20, "val": 8, "test": 8}.items()):
        folder(root / part, dict.fromkeys(FOUR, count), seed=seed)
    done = train(root, asked=SMALL, out=tmp_path / "run")
    assert (done.recipe.data.split.by, done.recipe.data.split.column) == (
        "part",
        "part",
    )
    split = done.study.parts.split
    assert [len(p) for p in (split.train, split.validation, split.test)] == [80, 32, 32]
    tests = done.study.parts.frame["image"].iloc[split.test]
    assert all("/test/" in path for path in tests)
    assert done.result.test["accuracy"] > 0.8
    shutil.rmtree(root / "val")
    made_for = recipe_for(root)
    assert "no row is in the part validation" in made_for.reasons["data.split.by"]


def test_a_table_of_paths_is_trained_on(photos, tmp_path):
    frame = pd.DataFrame(
        [(f"photos/{p.parent.name}/{p.name}", p.parent.name) for p in images(photos)],
        columns=["file", "what"],
    )
    table = photos.parent / "labels.csv"
    frame.assign(size=range(len(frame))).to_csv(table, index=False)
    done = train(table, target="what", asked=SMALL, out=tmp_path / "run")
    assert done.result.test["accuracy"] > 0.9
    assert any("not from size" in note for note in done.result.notes)
    plain = train(table, target="what", budget="1s", out=tmp_path / "plain")
    assert plain.recipe.model.name == "cnn"


def images(root: Path) -> list[Path]:
    return sorted(root.rglob("*.png"))


def test_numbers_are_learnt_from_images_too(photos, tmp_path):
    paths = images(photos)
    bright = [float(np.asarray(Image.open(p)).mean()) for p in paths]
    frame = pd.DataFrame({"file": map(str, paths), "bright": bright})
    frame["bright"] += np.where(np.arange(len(frame)) % 2, 3, -3)
    frame.to_csv(tmp_path / "bright.csv", index=False)
    asked = [*SMALL, "data.augment=[{name: flip}, {name: mixup}]"]
    done = train(
        tmp_path / "bright.csv", target="bright", asked=asked, out=tmp_path / "run"
    )
    assert np.isfinite(done.result.test["rmse"])
    loaded = predict(done.run.path, tmp_path / "bright.csv")
    assert abs(loaded["prediction"].mean() - np.mean(bright)) < 3


def test_a_zip_of_photos_is_learnt_better_than_by_guessing(tmp_path):
    if not CIFAR.is_file():
        pytest.skip(f"no data at {DATA}; set WELLFIT_DATA")
    small = tmp_path / "cifar.zip"
    with zipfile.ZipFile(CIFAR) as whole, zipfile.ZipFile(small, "w") as some:
        for name in sorted(whole.namelist()):
            place = Path(name)
            if place.parent.name in {"frog", "ship"} and int(place.stem) < 150:
                some.writestr(name, whole.read(name))
    asked = ["loop.epochs=5", "model.params.widths=[16,32]"]
    done = train(small, asked=asked, out=tmp_path / "run")
    assert len(done.study.parts.frame) == 300
    assert done.recipe.data.prepare.images.side == 32
    assert [a.name for a in done.recipe.data.augment] == ["crop", "flip"]
    assert done.result.test["accuracy"] > 0.7
    found = predict(done.run.path, small)
    assert found["image"][0] == str(small / "train" / "frog" / "0000.jpg")


# -- what is wrong with the images -------------------------------------------------


def test_images_that_cannot_be_read_are_left_out_and_named(tmp_path):
    root = folder(tmp_path / "photos", dict.fromkeys(FOUR, 12))
    good = images(root)[0].read_bytes()
    (root / "ant" / "empty.png").write_bytes(b"")
    (root / "bee" / "lies.png").write_bytes(b"GIF89a no image")
    (root / "cow" / "cut.png").write_bytes(good[:-100])
    Image.fromarray(made(3, np.random.default_rng(0))[..., 0]).save(
        root / "dog" / "grey.png"
    )
    done = train(root, asked=SMALL, out=tmp_path / "run")
    assert len(done.study.parts.frame) == 49
    (note,) = [n for n in done.result.notes if "cannot be read" in n]
    assert note.startswith("3 images left out that cannot be read: ")
    for name in ("empty.png (it is empty)", "lies.png (", "cut.png (it is damaged or"):
        assert name in note


def broken(root):
    for path in images(root):
        path.write_bytes(b"")


def one_class(root):
    for name in ("bee", "cow", "dog"):
        shutil.rmtree(root / name)


def many_classes(root):
    for i, path in enumerate(images(root)):
        (root / f"class {i}").mkdir()
        shutil.move(path, root / f"class {i}" / path.name)


def no_classes(root):
    for i, path in enumerate(images(root)):
        shutil.move(path, root / f"{i}.png")


@pytest.mark.parametrize(
    ("spoil", "pairs", "sentence"),
    [
        (broken, [], "none of the 48 images can be read: 000.png (it is empty)"),
        (one_class, [], "target 'class' is ant in every row"),
        (many_classes, [], "too many for classes"),
        (no_classes, [], "are in no folders that say their classes: put those of a"),
        (None, ["objective.name=hinge", "data.augment=[{name: mixup}]"], "takes one"),
        (None, ["model.name=mlp"], "there is no column to learn from"),
        (None, ["data.prepare.images.side=4"], "must be a whole number of at least 8"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_trained_on_is_told_in_a_sentence(
    tmp_path, spoil, pairs, sentence
):
    root = folder(tmp_path / "photos", dict.fromkeys(FOUR, 12))
    if spoil is not None:
        spoil(root)
    with pytest.raises(WellfitError) as told:
        train(root, asked=pairs, out=tmp_path / "run")
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


def test_a_class_with_one_image_is_trained_on(tmp_path):
    root = folder(tmp_path / "photos", {"ant": 14, "bee": 14, "cow": 1})
    done = train(root, asked=SMALL, out=tmp_path / "run")
    assert any("fewer than 3 rows" in note for note in done.result.notes)
    assert np.isfinite(done.result.test["accuracy"])


def test_a_validation_part_of_one_class_is_judged(tmp_path):
    root = tmp_path / "parted"
    folder(root / "train", {"ant": 20, "bee": 20})
    folder(root / "val", {"ant": 6}, seed=1)
    folder(root / "test", {"ant": 6, "bee": 6}, seed=2)
    done = train(root, asked=SMALL, out=tmp_path / "run")
    assert np.isfinite(done.result.chosen.validation["accuracy"])


def test_two_columns_of_images_are_one_too_many(photos, tmp_path):
    frame = pd.DataFrame({"a": map(str, images(photos)), "y": [0, 1] * 60})
    frame.assign(b=frame["a"]).to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(BadSetting, match="looks at one column of images; this table"):
        train(tmp_path / "two.csv", target="y")


def test_a_cnn_is_not_for_columns(tmp_path):
    frame = pd.DataFrame({"a": np.arange(40) / 7, "y": [0, 1] * 20})
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(BadSetting, match="no column has paths to images"):
        train(tmp_path / "t.csv", target="y", asked=["model.name=cnn"])
    (tmp_path / "nothing").mkdir()
    with pytest.raises(BadTable, match="is a folder without images"):
        train(tmp_path / "nothing")


# -- interrupted -------------------------------------------------------------------

LOSS = loss("CrossEntropyLoss", after=6, epoch=5, pause=0.1)
AUGMENTED = (
    "data.augment=[{name: crop}, {name: flip}, {name: rotate}, {name: erase}, "
    "{name: color-jitter, params: {hue: 0.1}}, {name: noise}, {name: mixup}, "
    "{name: cutmix}]"
)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="it needs SIGKILL")
def test_a_killed_training_goes_on_to_the_same_model_bit_for_bit(photos, tmp_path):
    name = f"losses_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(LOSS)
    asked = [*SMALL, AUGMENTED, f"objective.name={name}:Loss", "loop.epochs=8"]
    asked += ["loop.checkpoint_every=2"]  # of 5 steps an epoch
    path = tmp_path / "recipe.yaml"
    path.write_text(written(recipe_for(photos, asked=asked)))
    out = tmp_path / "killed"
    killed(path, out)
    assert step_of(checkpoints_in(out / "checkpoints")[0]) % 5
    resumed = train(path, resume="last", out=out)
    whole = train(path, out=tmp_path / "whole")
    one, two = (
        (done.run.path / "model" / "cnn.safetensors").read_bytes()
        for done in (resumed, whole)
    )
    assert one == two
    assert resumed.to_json()["test"] == whole.to_json()["test"]


@pytest.mark.slow
def test_the_command_line(photos, tmp_path):
    def wellfit(*words):
        program = [sys.executable, "-m", "wellfit", *map(str, words)]
        return subprocess.run(
            program,
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )

    words = [word for pair in SMALL for word in ("--set", pair)]
    shown = wellfit("train", photos, "--show-recipe", *words)
    assert shown.returncode == 0, shown.stderr
    (tmp_path / "recipe.yaml").write_text(shown.stdout)
    said = wellfit("train", "recipe.yaml", "--out", "one")
    assert (said.returncode, said.stderr) == (0, "")
    assert "cnn, cross-entropy, seed 0; sgd at 0.05, one-cycle" in said.stdout
    assert "wellfit predict one NEW-IMAGES/" in said.stdout
    (tmp_path / "new").mkdir()
    shutil.copy(images(photos)[0], tmp_path / "new" / "a.png")
    (tmp_path / "new" / "b.png").write_bytes(b"")
    predicted = wellfit("predict", "one", "new", "--out", "predictions.csv")
    assert predicted.returncode == 0
    assert "1 of 2 rows" in predicted.stderr
    found = pd.read_csv(tmp_path / "predictions.csv")
    assert found["image"].tolist() == ["new/a.png", "new/b.png"]
    assert found["prediction"].tolist()[0] == "ant"


# -- a network of the user's own ---------------------------------------------------

OWN = """
from torch import nn

class Seeing(nn.Module):
    def __init__(self, inputs, outputs, shape, width=8, view=False):
        super().__init__()
        assert shape == (inputs, 16, 16)
        self.stem = nn.Conv2d(inputs, width, 3, stride=2, padding=1)
        self.last = nn.Linear(width * 64, outputs)
        self.view = view

    def forward(self, x):
        seen = self.stem(x).relu()
        flat = seen.view(len(x), -1) if self.view else seen.flatten(1)
        return self.last(flat)

def two_outputs(inputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs * 256, 2))

def of_rows(inputs, outputs):
    return nn.Linear(inputs, outputs)
"""


@pytest.fixture
def nets(tmp_path):
    """The name of a module with networks, in the folder of a recipe."""
    name = f"nets_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(OWN)
    return name


def kept_recipe(photos, folder, *pairs):
    asked = ["loop.epochs=6", "loop.batch_size=16", "precision.device=cpu"]
    return recipe_for(photos, asked=[*asked, *pairs]).save(folder / "recipe.yaml")


@pytest.mark.parametrize("channels_last", ["false", "true"])
def test_a_network_of_ones_own_learns_from_images(
    photos, tmp_path, monkeypatch, nets, channels_last
):
    pairs = [f"model.name={nets}:Seeing", "model.params={width: 6}"]
    pairs += [f"precision.channels_last={channels_last}", "optimizer.lr=0.02"]
    done = train(kept_recipe(photos, tmp_path, *pairs), out=tmp_path / "run")
    assert done.result.chosen.model == "own"
    assert done.result.test["accuracy"] > 0.5  # of four classes
    monkeypatch.syspath_prepend(tmp_path)
    new = folder(tmp_path / "new", {"x": 6}, seed=5)
    (new / "y.jpg").write_bytes(b"no image")
    loaded = predict(done.run.path, new, trust=True)
    pd.testing.assert_frame_equal(loaded, done.predict(new))
    assert loaded["prediction"].isna().tolist() == [False] * 6 + [True]
    weights = load_file(done.result.path / "own.safetensors")
    assert set(weights) == {"stem.weight", "stem.bias", "last.weight", "last.bias"}


def test_it_learns_numbers_from_a_table_of_paths(photos, tmp_path, nets):
    paths = images(photos)
    bright = [float(np.asarray(Image.open(p)).mean()) for p in paths]
    table = tmp_path / "bright.csv"
    pd.DataFrame({"file": map(str, paths), "bright": bright}).to_csv(table, index=False)
    asked = [f"model.name={nets}:Seeing", "loop.epochs=8", "optimizer.lr=0.01"]
    path = recipe_for(table, target="bright", asked=asked).save(tmp_path / "r.yaml")
    done = train(path, out=tmp_path / "run")
    assert done.result.test["r2"] > 0.8


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        (["{nets}:two_outputs"], "must give a logit a class, (2, 4) for 2 rows; it"),
        (["{nets}:of_rows"], "failed on 2 rows of shape (3, 16, 16) with RuntimeErr"),
        (["{nets}:Seeing", "model.params={view: true}"], "Use .reshape(...) instead"),
    ],
)
def test_a_network_that_does_not_fit_the_images_is_told_in_a_sentence(
    photos, tmp_path, nets, pairs, sentence
):
    name, *more = pairs
    path = kept_recipe(photos, tmp_path, f"model.name={name.format(nets=nets)}", *more)
    with pytest.raises(BadSetting) as told:
        train(path, out=tmp_path / "run")
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)
