"""Images in files, as bytes of one form: every mode, every fault."""

import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from wellfit.data import decode as room_of
from wellfit.data.decode import (
    Form,
    channels_of,
    decode,
    headers,
    moments,
    pixels_of,
    room,
)
from wellfit.data.imagefiles import content, is_there, members

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (8, 8, 3)).astype(np.uint8)
FORM = Form(side=8, channels=3)


def saved(folder, name, array, mode=None, **how):
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(folder / name, **how)
    return str(folder / name)


def test_an_image_of_the_size_keeps_every_bit(tmp_path):
    path = saved(tmp_path, "a.png", COLOURS)
    assert np.array_equal(pixels_of(path, FORM), COLOURS)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "CMYK", "I", "YCbCr"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_becomes_the_form(tmp_path, mode, channels):
    suffix = {"CMYK": "jpg", "YCbCr": "jpg", "I": "tiff"}.get(mode, "png")
    path = saved(tmp_path, f"a.{suffix}", COLOURS, mode)
    form = Form(side=8, channels=channels)
    expected = Image.fromarray(COLOURS).convert("RGB" if channels == 3 else "L")
    found = pixels_of(path, form)
    assert found.shape == form.shape
    if mode in {"RGBA", "P"}:
        wrong = np.abs(found.squeeze().astype(int) - np.asarray(expected).squeeze())
        assert wrong.mean() < 20  # a palette has fewer colours


def test_what_is_see_through_is_on_white(tmp_path):
    clear = np.dstack([COLOURS, np.zeros((8, 8), np.uint8)])
    assert pixels_of(saved(tmp_path, "a.png", clear), FORM).min() == 255
    image = Image.fromarray(COLOURS).convert("P")
    image.info["transparency"] = bytes(256)
    image.save(tmp_path / "p.png", transparency=bytes(256))
    assert pixels_of(str(tmp_path / "p.png"), FORM).min() == 255


def test_deep_grey_keeps_its_levels(tmp_path):
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    found = pixels_of(saved(tmp_path, "a.png", deep), Form(side=8, channels=1))
    assert np.abs(found.squeeze() - deep / 257).max() <= 1
    level = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    found = pixels_of(saved(tmp_path, "a.tiff", level), Form(side=8, channels=1))
    assert np.abs(found.squeeze() - level * 255).max() <= 1


def test_a_photo_that_lies_on_its_side_is_set_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90° to the right when shown
    wide = np.zeros((8, 16, 3), np.uint8)
    wide[:, :8] = 255  # the left half is above once it is upright
    path = saved(tmp_path, "a.png", wide, exif=exif)
    found = pixels_of(path, FORM)
    assert found[:3].min() > 200
    assert found[5:].max() < 50
    assert [(h.width, h.height) for h in headers([path])] == [(8, 16)]


def test_larger_images_are_made_smaller_by_what_is_in_them(tmp_path):
    large = np.kron(COLOURS, np.ones((40, 40, 1))).astype(np.uint8)
    for name in ("a.png", "a.jpg"):
        found = pixels_of(saved(tmp_path, name, large), FORM)
        assert np.abs(found.astype(int) - COLOURS).mean() < 8


FAULTS = {
    "empty.png": (lambda good: b"", "it is empty"),
    "text.jpg": (lambda good: b"not an image", "it is no image"),
    "cut.png": (lambda good: good[: len(good) // 2], "it is damaged or cut off"),
    "bent.png": (
        lambda good: good[:60] + b"\0" * 40 + good[100:],
        "it is damaged or cut off",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_read_is_told_and_left_out(tmp_path, name):
    good = tmp_path / "good.png"
    saved(tmp_path, "good.png", RNG.integers(0, 256, (32, 32, 3)).astype(np.uint8))
    make, why = FAULTS[name]
    (tmp_path / name).write_bytes(make(good.read_bytes()))
    found = decode([str(tmp_path / name), str(good), str(tmp_path / "none.png")], FORM)
    assert found.faults == {
        str(tmp_path / name): why,
        str(tmp_path / "none.png"): "there is no such file",
    }
    assert list(found.places) == [str(good)]


def test_a_bomb_is_not_decoded(tmp_path, monkeypatch):
    path = saved(tmp_path, "a.png", COLOURS)
    monkeypatch.setattr(room_of, "MOST_PIXELS", 63)
    assert pixels_of(path, FORM) == "it has 8 × 8 pixels"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert pixels_of(path, FORM) == "it has too many pixels"


def test_each_path_has_its_pixels_in_any_order_and_number(tmp_path, monkeypatch):
    monkeypatch.setattr(room_of, "AT_ONCE", 3)  # several threads have some
    paths = [
        saved(tmp_path, f"{i}.png", np.full((8, 8, 3), i, np.uint8)) for i in range(20)
    ]
    found = decode([*paths, paths[3]], FORM)
    wanted = [paths[i] for i in (7, 3, 3, 19)]
    assert found.take(wanted)[:, 0, 0, 0].tolist() == [7, 3, 3, 19]


def test_much_is_kept_in_a_file_and_is_the_same(tmp_path, monkeypatch):
    paths = [saved(tmp_path, "a.png", COLOURS)]
    monkeypatch.setattr(room_of, "IN_MEMORY", 10)
    assert isinstance(room((2, 8, 8, 3)), np.memmap)
    assert np.array_equal(decode(paths, FORM).take(paths)[0], COLOURS)


def test_the_channels_are_those_of_most(tmp_path):
    paths = [saved(tmp_path, f"{i}.png", COLOURS, "L") for i in range(3)]
    paths += [saved(tmp_path, f"{i}.jpg", COLOURS) for i in range(2)]
    channels, counts = channels_of(headers(paths))
    assert (channels, counts[True], counts[False]) == (1, 3, 2)
    grey = Image.fromarray(COLOURS).convert("L").convert("P")
    grey.save(tmp_path / "p.png")
    assert [h.mode for h in headers([str(tmp_path / "p.png")])] == ["L"]


def test_moments_are_those_of_the_numbers():
    x = RNG.integers(0, 256, (700, 4, 4, 3)).astype(np.uint8)
    mean, spread = moments(x)
    np.testing.assert_allclose(mean, x.reshape(-1, 3).mean(axis=0))
    np.testing.assert_allclose(spread, x.reshape(-1, 3).std(axis=0))
    assert moments(np.zeros((2, 4, 4, 1), np.uint8))[1].tolist() == [1.0]


def test_a_zip_is_as_good_as_a_folder(tmp_path):
    raw = BytesIO()
    Image.fromarray(COLOURS).save(raw, "png")
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cats/1.png", raw.getvalue())
        archive.writestr("__MACOSX/cats/._1.png", b"x")
        archive.writestr("notes.txt", b"x")
    assert members(path) == ["cats/1.png"]
    assert content(path / "cats" / "1.png") == raw.getvalue()
    assert is_there(path / "cats" / "1.png")
    assert not is_there(path / "cats" / "2.png")
    assert np.array_equal(pixels_of(str(path / "cats" / "1.png"), FORM), COLOURS)
    assert pixels_of(str(path / "cats" / "2.png"), FORM) == "there is no such file"
    (tmp_path / "no.zip").write_bytes(b"none")
    assert members(tmp_path / "no.zip") == []
