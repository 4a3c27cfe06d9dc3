"""Sets of texts and images: what is wrong with their files."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from wellfit.core.errors import BadTable
from wellfit.core.finding import Severity
from wellfit.data.inspection import inspect
from wellfit.data.shingles import near_texts
from wellfit.rules.train_validation_leakage import TrainValidationLeakage
from wellfit.verbs.diagnose import diagnose

WORDS = [*"abcdefghijklmnopqrstuvwxyz", "the", "of", "and", "in", "is", "was", "it"]


def draw(folder, places):
    x, y = load_digits(return_X_y=True)
    for place in places:
        (folder / str(y[place])).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray((x[place].reshape(8, 8) * 15).astype(np.uint8))
        image.resize((32, 32)).save(folder / str(y[place]) / f"{place}.png")


def few(classes, count):
    y = load_digits().target
    return [p for c in classes for p in np.flatnonzero(y == c)[:count]]


def by_rule(run):
    found = diagnose(run)
    assert not [n for n in found.not_checked.values() if "failed" in n.reason]
    return {f.rule: f for f in found.findings}


@pytest.fixture
def images(tmp_path):
    draw(tmp_path / "set", few((0, 1), 60))
    return tmp_path / "set"


def test_a_whole_set_of_images_is_left_alone(images):
    grave = [f for f in by_rule(inspect(images)).values() if f.severity.rank > 0]
    assert not grave


def test_images_that_are_empty_broken_odd_or_copied(images):
    first, second, third, *_ = sorted((images / "0").iterdir())
    raw = second.read_bytes()
    (images / "1" / "cut.png").write_bytes(raw[: len(raw) // 2])
    (images / "1" / "empty.png").write_bytes(b"")
    for k in range(3):
        Image.open(third).resize((50, 40)).save(images / "0" / f"odd{k}.png")
    for k in range(3):
        Image.open(first).resize((48, 48)).convert("RGB").save(
            images / "1" / f"again{k}.jpg", quality=90
        )
    found = by_rule(inspect(images))
    assert "of 128 files 1 are empty and 1 cannot be read" in (
        found["missing-values"].summary
    )
    assert "32 × 32 (120)" in found["inconsistent-values"].summary
    assert found["duplicate-rows"].severity is Severity.WARNING


def test_an_image_on_both_sides(images, tmp_path):
    draw(tmp_path / "held", few((0, 1), 75)[60:75])
    for path in sorted((images / "0").iterdir())[:3]:
        (tmp_path / "held" / "0" / f"x{path.name}").write_bytes(path.read_bytes())
    found = TrainValidationLeakage().judge(
        inspect(images, validation=tmp_path / "held")
    )
    assert "3 of 18 validation files" in found.summary


def write(folder, count, rng, words):
    folder.mkdir(parents=True)
    for k in range(count):
        said = rng.choice([*WORDS, *words], 30)
        (folder / f"{k}.txt").write_text(" ".join(said))


def test_texts(tmp_path):
    rng = np.random.default_rng(0)
    write(tmp_path / "good", 60, rng, ["great", "lovely", "superb"] * 4)
    write(tmp_path / "bad", 60, rng, ["awful", "boring", "dull"] * 4)
    clean = [f for f in by_rule(inspect(tmp_path)).values() if f.severity.rank > 0]
    assert not clean
    for k in range(6):
        text = (tmp_path / "good" / f"{k}.txt").read_text()
        (tmp_path / "bad" / f"again{k}.txt").write_text(text.upper() + " the")
    (tmp_path / "bad" / "none.txt").write_text(" \n")
    found = by_rule(inspect(tmp_path))
    assert "6 files nearly repeat" in found["duplicate-rows"].summary
    assert "1 are empty: bad/none.txt" in found["missing-values"].summary


def test_near_texts_are_found_by_what_they_share():
    said = "never less than watchable, often more: a slow and tender film about "
    said += "growing old in a small town by the sea"
    other = "nobody in this loud sequel seems to know why they are running at all"
    texts = [said, other, said.replace("tender", "gentle"), other.upper(), "short"]
    assert near_texts(texts).tolist() == [[0, 2], [1, 3]]


def test_a_folder_of_nothing_is_told(tmp_path):
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    with pytest.raises(BadTable, match="no images"):
        inspect(tmp_path)
