"""The recipe that is written for images: by their size, colours, symmetry, number."""

import re

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from tests.data.pictures import folder
from wellfit.core.errors import BadSetting, BadTable
from wellfit.core.recipe import Augmentation, Data, Model, Objective, Recipe
from wellfit.core.text import parse_text
from wellfit.trainer.recipes import read_plain, written
from wellfit.trainer.recipes.check import checked
from wellfit.trainer.recipes.propose import recipe_for
from wellfit.trainer.recipes.ready import ready

TWO = {"ant": 30, "bee": 30}
CHOICES = [
    "data.prepare.images.side", "data.prepare.images.channels", "data.augment.0",
    "model.params.widths", "model.params.stem", "optimizer.lr", "loop.epochs",
    "optimizer.weight_decay", "loop.batch_size", "regularization.early_stopping",
]  # fmt: skip
IN_WORDS = ["model.name", "optimizer.name", "schedule.0", "precision.dtype"]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("sets") / "photos", TWO)


def test_each_choice_has_its_reason_and_its_numbers(photos):
    reasons = recipe_for(photos).reasons
    for place in CHOICES:
        assert re.search(r"\d", reasons[place]), place
    for place in IN_WORDS:
        assert len(reasons[place]) > 15, place


def test_every_reason_is_of_a_line_of_the_recipe(photos):
    recipe = recipe_for(photos)
    again = checked(parse_text(written(recipe), name="recipe.yaml"))
    assert again == recipe
    assert again.reasons == recipe.reasons
    assert written(recipe_for(photos)) == written(recipe)


@pytest.mark.parametrize(
    ("side", "budget", "expected"),
    [(16, "60s", 16), (32, "60s", 32), (90, "100h", 64), (200, "100h", 96)],
)
def test_small_images_stay_as_they_are_and_large_ones_are_made_smaller(
    tmp_path, side, budget, expected
):
    root = folder(tmp_path / "photos", dict.fromkeys(TWO, 12), side=side)
    recipe = recipe_for(root, budget=budget)
    assert recipe.data.prepare.images.side == expected
    assert recipe.data.augment[0].params["padding"] == expected // 8


def test_images_are_the_smaller_the_less_time_there_is(tmp_path):
    root = folder(tmp_path / "photos", dict.fromkeys(TWO, 12), side=200)
    chosen = [recipe_for(root, budget=b) for b in ("1s", "4s", "100h")]
    sides = [recipe.data.prepare.images.side for recipe in chosen]
    assert sides == sorted(sides)
    assert sides[0] < sides[-1]
    epochs = [recipe.loop.epochs for recipe in chosen]
    assert min(epochs) >= 5


def test_grey_images_have_one_channel(tmp_path):
    root = folder(tmp_path / "grey", TWO, channels=1)
    recipe = recipe_for(root)
    assert recipe.data.prepare.images.channels == 1
    assert "36 of 36" in recipe.reasons["data.prepare.images.channels"]


def test_digits_are_not_mirrored(tmp_path):
    digits = load_digits()
    for i, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        place = tmp_path / "digits" / f"digit {label}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(place / f"{i}.png")
    recipe = recipe_for(tmp_path / "digits")
    assert [a.name for a in recipe.data.augment] == ["crop"]
    assert recipe.reasons["data.augment"].startswith("no flip: of training images")
    assert recipe.model.params["stem"] == 1  # 8 pixels have none to spare


def test_what_looks_alike_from_both_sides_is_mirrored(photos):
    recipe = recipe_for(photos)
    assert [a.name for a in recipe.data.augment] == ["crop", "flip"]
    assert "mirrored" in recipe.reasons["data.augment.1"]


def by_hand(photos, **data):
    return Recipe(
        data=Data(source=str(photos), **data),
        model=Model(name="cnn"),
        objective=Objective(name="cross-entropy"),
    )


def test_a_recipe_by_hand_may_leave_size_and_target_out(photos, tmp_path):
    recipe = read_plain(by_hand(photos).to_json())
    found = ready(recipe, folder=tmp_path)
    assert found.parts.target.name == "class"
    assert found.parts.rows("train", "pictures").x.shape == (36, 16, 16, 3)
    assert found.parts.rows("train", "pictures").x.dtype == np.uint8


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
@pytest.mark.parametrize("loss", ["focal", "hinge", "exponential"])
def test_a_loss_of_one_class_does_not_go_with_mixing(photos, name, loss):
    plain = by_hand(photos, augment=(Augmentation(name=name),)).to_json()
    plain["objective"] = {"name": loss}
    with pytest.raises(BadSetting, match=f"{name} mixes the classes of two rows"):
        read_plain(plain)


def test_a_target_is_asked_for_where_no_folder_tells_it(photos, tmp_path):
    root = photos / "ant"
    for make in (
        lambda: recipe_for(root),
        lambda: ready(read_plain(by_hand(root).to_json()), folder=tmp_path),
    ):
        with pytest.raises(BadSetting, match="in no folders that say their classes"):
            make()
    with pytest.raises(BadTable, match="is a folder without images"):
        recipe_for(tmp_path)
