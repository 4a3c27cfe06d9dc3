"""Augmentations: as their slow twins, and the same of a row in whatever batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.augment import slow
from wellfit.core.choices import AUGMENTATIONS
from wellfit.core.errors import BadSetting
from wellfit.core.recipe import Augmentation
from wellfit.trainer.augment import augmenting, mixing, pictures
from wellfit.trainer.feed import MemoryFeed
from wellfit.trainer.randomness import Draws

ROWS, CLASSES = 24, 3
STRONG = {
    "flip": {},
    "erase": {"chance": 0.8},
    "crop": {"padding": 3},
    "rotate": {"degrees": 60.0},
    "color-jitter": {
        "brightness": 0.6, "contrast": 0.6, "saturation": 0.6, "hue": 0.3,
    },
    "noise": {"deviation": 0.5},
    "mixup": {"alpha": 0.7},
    "cutmix": {"alpha": 0.7},
}  # fmt: skip


def images(rows=ROWS, size=(9, 12), channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (rows, *size, channels)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def classes(rows=ROWS):
    return torch.arange(rows) % CLASSES


def how(name):
    return AUGMENTATIONS[name](**STRONG[name])


def fast(name, x):
    """The step of an augmentation, for these inputs."""
    mean, spread = pictures.statistics(x)
    extra = {"erase": (mean,), "noise": (spread,)}.get(name, ())
    return getattr(pictures, name.replace("-", "_"))(how(name), *extra)


def twin(name, x, row, draws):
    flat = x.numpy().reshape(-1, x.shape[-1]).astype(float)
    extra = {"erase": (flat.mean(0),), "noise": (flat.std(0),)}.get(name, ())
    made = getattr(slow, name.replace("-", "_"))
    return made(x[row].numpy(), how(name), draws, *extra)


def of_row(row, epoch=1):
    return Draws(5, epoch, torch.tensor([row]))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", [n for n in STRONG if "mix" not in n])
def test_each_does_to_an_image_what_its_slow_twin_does(name, channels):
    x = images(channels=channels)
    found = fast(name, x)(x, Draws(5, 1, torch.arange(ROWS))).numpy()
    changed = 0
    for row in range(ROWS):
        expected = twin(name, x, row, of_row(row))
        # floats are summed in another order: what is a half may be rounded otherwise
        assert np.abs(found[row].astype(int) - expected).max() <= 1
        assert (found[row] == expected).mean() > 0.98
        changed += not np.array_equal(found[row], x[row])
    assert changed > ROWS / 4


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_two_images_are_mixed_as_by_the_slow_twin(name):
    x, y = images(), torch.nn.functional.one_hot(classes()).float()
    other = images(seed=1), y.flip(0)
    step = getattr(mixing, name)(how(name))
    found = step((x, y), other, Draws(5, 1, torch.arange(ROWS)))
    for row in range(ROWS):
        pairs = [tuple(part[row].numpy() for part in pair) for pair in ((x, y), other)]
        expected = getattr(slow, name)(*pairs, how(name), of_row(row))
        assert np.abs(found[0][row].numpy().astype(int) - expected[0]).max() <= 1
        np.testing.assert_allclose(found[1][row], expected[1], atol=1e-5)
    assert torch.allclose(found[1].sum(dim=1), torch.ones(ROWS))


def pipeline(names, x, y, n=CLASSES):
    said = [Augmentation(name=name, params=params_of(name)) for name in names]
    return augmenting(said, (x, y), classes=n, folder=Path())


def params_of(name):
    taken = AUGMENTATIONS[name].__dataclass_fields__
    return {f: getattr(how(name), f) for f in taken}


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(list(STRONG)), min_size=1, max_size=4),
    st.sampled_from([1, 3]),
    st.integers(2, 12),
    st.integers(2, 12),
    st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=8, unique=True),
)
def test_a_row_is_changed_alike_in_any_batch(names, channels, height, width, some):
    x, y = images(size=(height, width), channels=channels), classes()
    change = pipeline(names, x, y)
    whole = change((x, y), Draws(3, 2, torch.arange(ROWS)))
    places = torch.tensor(some)
    part = change((x[places], y[places]), Draws(3, 2, places))
    assert whole[0].shape == x.shape
    assert whole[0].dtype == torch.uint8
    assert torch.equal(part[0], whole[0][places])
    assert torch.allclose(part[1], whole[1][places], atol=1e-6)
    again = change((x, y), Draws(3, 2, torch.arange(ROWS)))
    assert torch.equal(again[0], whole[0])


def test_what_is_mixed_in_is_changed_at_random_too():
    x, y = images(), classes()
    first, second = (pipeline(names, x, y) for names in (["mixup"], ["flip", "mixup"]))
    draws = [Draws(0, 0, torch.arange(ROWS)) for _ in range(2)]
    one, two = first((x, y), draws[0]), second((x, y), draws[1])
    assert not torch.equal(one[0], two[0])


def test_a_feed_entered_in_mid_epoch_gives_the_same_bits():
    x, y = images(), classes()
    feed = MemoryFeed(tensors=(x, y), batch_size=7, augment=pipeline(STRONG, x, y))
    whole = list(feed.batches(3))
    for start in range(len(feed)):
        for found, expected in zip(feed.batches(3, start), whole[start:], strict=True):
            assert all(map(torch.equal, found, expected))
    assert not torch.equal(next(feed.batches(4))[0], whole[0][0])


@pytest.mark.parametrize("name", ["noise", "mixup"])
def test_columns_are_augmented_too(name):
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(ROWS, 4)).astype(np.float32))
    x[:, 3] = 2.0  # a column that says nothing gets no noise
    y = torch.arange(ROWS).float()
    found, targets = pipeline([name], x, y, n=0)(
        (x, y), Draws(5, 1, torch.arange(ROWS))
    )
    assert found.dtype == torch.float32
    assert torch.allclose(found[:, 3], x[:, 3])
    assert not torch.allclose(found[:, :3], x[:, :3])
    if name == "noise":
        spread = x.numpy().std(axis=0)
        for row in range(ROWS):
            expected = slow.noise(x[row].numpy(), how(name), of_row(row), spread)
            np.testing.assert_allclose(found[row], expected, atol=1e-5)
    else:
        assert not torch.equal(targets, y)
        assert y.min() <= targets.min() <= targets.max() <= y.max()


@pytest.mark.parametrize("name", ["flip", "crop", "rotate", "color-jitter", "cutmix"])
def test_what_is_for_images_is_not_for_columns(name):
    x, y = torch.zeros(ROWS, 4), classes()
    with pytest.raises(BadSetting, match=f"{name} changes images, and the model"):
        pipeline([name], x, y)


def test_statistics_of_bytes_are_those_of_the_numbers():
    x = images()
    mean, spread = pictures.statistics(x)
    flat = x.numpy().reshape(-1, 3).astype(float)
    np.testing.assert_allclose(mean, flat.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(spread, flat.std(axis=0), rtol=1e-6)
