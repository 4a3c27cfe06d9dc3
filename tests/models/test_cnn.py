"""The network of images: its promises, its scale, its work."""

from pathlib import Path

import numpy as np
import pytest
import torch

from wellfit.contracts.check_model import PROMISES
from wellfit.core.recipe import (
    Data,
    Loop,
    Model,
    Objective,
    Optimizer,
    Precision,
    Recipe,
    Stage,
)
from wellfit.models.cnn import Cnn, Door, FittedCnn, Shape, work_of
from wellfit.trainer.recipes.network import RecipeNetwork

SMALL = {"widths": [8, 16], "blocks": 1, "stem": 1, "dropout": 0.0}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def silent(_):
    """For who has nothing to say."""


def make(*, classes, seed):
    params = {"weights": "none", "smoothing": 0.0}
    recipe = Recipe(
        data=Data(source="photos", target="class"),
        model=Model(name="cnn", params=SMALL),
        objective=(
            Objective(name="cross-entropy", params=params)
            if classes
            else Objective(name="mse")
        ),
        optimizer=Optimizer(name="sgd", lr=0.05, momentum=0.9, nesterov=True),
        schedule=(Stage(name="one-cycle", rise=0.3, floor=0.0),),
        loop=Loop(epochs=8, batch_size=32),
        precision=Precision(device="cpu", dtype="float32", channels_last=True),
        seed=seed,
    )
    return RecipeNetwork(
        classes=classes,
        recipe=recipe,
        folder=Path(),
        checkpoints=None,
        say=silent,
        on_end=silent,
    )


@pytest.mark.parametrize("promise", PROMISES, ids=lambda p: p.__name__)
def test_it_keeps_its_promises(promise):
    promise(make)


def images(rows=40, side=12, channels=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 200, (rows, side, side, channels)).astype(np.uint8)


def test_what_passes_the_door_has_mean_0_and_deviation_1():
    x = images()
    x[..., 2] = 7  # a channel that says nothing
    door = Door(3)
    door.learn(x)
    out = door(torch.from_numpy(x))
    assert out.shape == (40, 3, 12, 12)
    assert out.is_contiguous(memory_format=torch.channels_last)
    deviation, mean = torch.std_mean(out.double(), dim=(0, 2, 3), correction=0)
    assert torch.allclose(mean, torch.zeros(3).double(), atol=1e-5)
    assert torch.allclose(deviation, torch.tensor([1.0, 1.0, 0.0]).double(), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("stem", [1, 2])
@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("side", [8, 13, 32])
def test_any_size_and_shape_gives_a_row_of_logits(channels, stem, blocks, side):
    shape = Shape(
        channels=channels, outputs=5, widths=(4, 8, 8), blocks=blocks, stem=stem
    )
    out = Cnn(shape)(torch.from_numpy(images(3, side, channels)))
    assert out.shape == (3, 5)


@pytest.mark.parametrize("stem", [1, 2])
@pytest.mark.parametrize("blocks", [1, 3])
def test_the_work_is_that_of_its_convolutions(stem, blocks):
    shape = Shape(channels=3, outputs=5, widths=(4, 8, 16), blocks=blocks, stem=stem)
    network, counted = Cnn(shape), []

    def count(layer, _, out):
        counted.append(out[0].numel() * layer.weight[0].numel())

    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(count)
    network(torch.from_numpy(images(2, 32)))
    assert work_of(shape, 32) == sum(counted)


def test_a_file_of_another_shape_is_refused(tmp_path):
    shape = Shape(channels=3, outputs=5, widths=(4, 8))
    FittedCnn(classes=5, network=Cnn(shape)).save(tmp_path)
    loaded = FittedCnn.load(tmp_path, classes=5)
    assert loaded.network.shape == shape
    with pytest.raises(ValueError, match="5 outputs"):
        FittedCnn.load(tmp_path, classes=3)


def test_no_rows_are_no_predictions():
    fitted = FittedCnn(classes=5, network=Cnn(Shape(channels=3, outputs=5)).eval())
    assert fitted.predict(images(0)).shape == (0, 5)
