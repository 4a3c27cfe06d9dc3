"""A saved model: what is loaded predicts alike; what is damaged is refused."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from tests.models.kinds import ONE_OF_EACH
from wellfit.core.errors import BadRun, BadTable
from wellfit.data.prepare import prepare
from wellfit.data.profile import kinds_of
from wellfit.data.table import read_table
from wellfit.data.target import read_target
from wellfit.models.model import Rows
from wellfit.models.store import TableModel, load, save
from wellfit.trainer.candidates import candidate

RNG = np.random.default_rng(0)
N = 200
FRAME = read_table(
    pd.DataFrame(
        {
            "x": RNG.normal(size=N),
            "gap": [1.5, None] * (N // 2),
            "colour": RNG.choice(["red", "blue", "green"], N),
            "day": pd.date_range("2020-01-01", periods=N).astype(str),
            "number": RNG.normal(size=N),
            "grade": RNG.choice(["a", "b", "c"], N),
        }
    )
).frame
TARGETS = {"regression": "number", "classification": "grade"}


@cache
def trained(kind: str, task: str) -> TableModel:
    torch.set_num_threads(1)
    target = read_target(FRAME[TARGETS[task]])
    features = FRAME.drop(columns=list(TARGETS.values()))
    preparation = prepare(features, kinds_of(features))
    model = candidate(kind, classes=len(target.classes), seed=0)
    ready = preparation.apply(features, model.view)
    rows = Rows(x=ready.x, y=target.y, categorical=ready.categorical)
    return TableModel(
        kind=model.name,
        task=target.task,
        target=target.name,
        classes=target.classes,
        metric="rmse",
        preparation=preparation,
        fitted=model.fit(rows, rows).fitted,
    )


@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_what_is_loaded_predicts_as_what_was_saved(tmp_path, kind, task):
    model = trained(kind, task)
    save(model, tmp_path / "run" / "model")
    for place in (tmp_path / "run", tmp_path / "run" / "model"):
        loaded = load(place)
        pd.testing.assert_frame_equal(loaded.predict(FRAME), model.predict(FRAME))
    assert loaded.classes == model.classes
    suffixes = {p.suffix for p in (tmp_path / "run" / "model").iterdir()}
    assert suffixes <= {".json", ".txt", ".npz", ".safetensors"}


def test_predictions_have_the_labels_and_probabilities():
    out = trained("linear", "classification").predict(FRAME)
    assert list(out) == ["prediction", *(f"probability of {c}" for c in "abc")]
    assert set(out["prediction"]) <= set("abc")
    assert np.allclose(out.iloc[:, 1:].sum(axis=1), 1)


def test_a_column_the_table_lacks_is_named():
    with pytest.raises(BadTable, match="lacks the column 'colour'"):
        trained("linear", "regression").predict(FRAME.drop(columns="colour"))


@pytest.fixture
def saved(tmp_path):
    def save_one(kind):
        save(trained(kind, "classification"), tmp_path)
        return tmp_path

    return save_one


def rewrite(folder, **changes):
    said = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(said | changes))


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(BadRun, match="no model at"):
        load(tmp_path)
    with pytest.raises(BadRun, match="no model at"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_every_damaged_file_is_noticed(saved, kind):
    folder = saved(kind)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for damaged in (b"", whole[: len(whole) // 2], whole[:-40] + b"x" * 40):
            path.write_bytes(damaged)
            with pytest.raises(BadRun, match="is damaged"):
                load(folder)
        path.unlink()
        with pytest.raises(BadRun, match=r"is damaged|no model"):
            load(folder)
        path.write_bytes(whole)
    load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "pickle"},
        {"kind": "mlp"},
        {"kind": ["linear"]},
        {"classes": ["a", "b"]},
        {"classes": 3},
        {"files": {"../linear.npz": "0"}},
        {"schema": None},
    ],
)
def test_a_model_that_lies_about_itself_is_refused(saved, changes):
    folder = saved("linear")
    rewrite(folder, **changes)
    with pytest.raises(BadRun, match="is damaged"):
        load(folder)


def test_a_model_of_a_newer_wellfit_is_refused(saved):
    folder = saved("trivial")
    rewrite(folder, schema=99, wellfit="9.0")
    with pytest.raises(BadRun, match=r"wellfit 9\.0, newer.*pip install -U"):
        load(folder)


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it ran')",))


@pytest.mark.parametrize("kind", ["linear", "extra-trees"])
def test_an_object_among_the_arrays_is_refused_and_never_made(saved, kind):
    folder = saved(kind)
    name = next(folder.glob("*.npz")).name
    with np.load(folder / name) as file:
        arrays = {n: file[n] for n in file.files}
    for one in arrays:
        forged = arrays | {one: np.array([Bomb()], dtype=object)}
        np.savez(folder / name, allow_pickle=True, **forged)
        forge(folder, name)
        with pytest.raises(BadRun, match="is damaged"):
            load(folder)


def forge(folder, name):
    """Make the checksum fit: what remains must hold without it."""
    import hashlib

    said = json.loads((folder / "model.json").read_text())
    said["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    rewrite(folder, files=said["files"])
