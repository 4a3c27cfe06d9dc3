"""Several models together: saved, loaded, refused where they do not belong together."""

import json

import numpy as np
import pandas as pd
import pytest

from wellfit.core.errors import BadRun
from wellfit.data.prepare import prepare
from wellfit.data.profile import kinds_of
from wellfit.data.table import read_table
from wellfit.data.target import read_target
from wellfit.models.model import Rows
from wellfit.models.store import Ensemble, TableModel, load, save
from wellfit.trainer.candidates import candidate

RNG = np.random.default_rng(0)
N = 150
FRAME = read_table(
    pd.DataFrame(
        {
            "x": RNG.normal(size=N),
            "gap": [1.5, None] * (N // 2),
            "colour": RNG.choice(["red", "blue", "green"], N),
            "number": RNG.normal(size=N),
            "grade": RNG.choice(["a", "b", "c"], N),
        }
    )
).frame


def member(name, target, rows=slice(None)):
    """A candidate fitted to some of the rows, with what those rows prepare by."""
    read = read_target(FRAME[target])
    features = FRAME.drop(columns=["number", "grade"]).iloc[rows]
    preparation = prepare(features, kinds_of(features))
    model = candidate(name, classes=len(read.classes), seed=0)
    ready = preparation.apply(features, model.view)
    part = Rows(x=ready.x, y=read.y[rows], categorical=ready.categorical)
    return TableModel(
        kind=model.name,
        task=read.task,
        target=target,
        classes=read.classes,
        metric="rmse",
        preparation=preparation,
        fitted=model.fit(part, None).fitted,
    )


def ensemble(target):
    early, late = slice(0, 100), slice(50, None)
    members = (
        member("linear", target, early),
        member("extra-trees", target, early),
        member("xgboost", target, late),
        member("lightgbm", target, late),
    )
    return Ensemble(members=members, weights=(0.1, 0.2, 0.3, 0.4))


@pytest.mark.parametrize("target", ["number", "grade"])
def test_what_is_loaded_predicts_as_what_was_saved(tmp_path, target):
    model = ensemble(target)
    save(model, tmp_path / "model")
    loaded = load(tmp_path)
    pd.testing.assert_frame_equal(
        loaded.predict(FRAME), model.predict(FRAME), check_exact=True
    )
    assert (loaded.kind, loaded.classes, loaded.weights) == (
        "ensemble",
        model.classes,
        model.weights,
    )
    files = [p for p in (tmp_path / "model").rglob("*") if p.is_file()]
    assert {p.suffix for p in files} <= {".json", ".txt", ".npz"}


def test_it_predicts_the_weighted_mean_of_its_members():
    model = ensemble("grade")
    each = [m.scores(FRAME) for m in model.members]
    np.testing.assert_allclose(
        model.scores(FRAME), np.average(each, axis=0, weights=model.weights)
    )
    out = model.predict(FRAME)
    assert np.allclose(out.iloc[:, 1:].sum(axis=1), 1)
    assert set(out["prediction"]) <= set("abc")


@pytest.fixture
def saved(tmp_path):
    save(ensemble("grade"), tmp_path)
    return tmp_path


def test_every_damaged_file_is_noticed(saved):
    for path in sorted(p for p in saved.rglob("*") if p.is_file()):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadRun, match="is damaged"):
            load(saved)
        path.write_bytes(whole)
    load(saved)


def rewrite(folder, **changes):
    said = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(said | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": {}},
        {"weights": {"members/00": 1.0}},
        {"weights": {"../members/00": 1.0}, "files": {"../members/00/model.json": ""}},
        {"classes": ["a", "b"]},
        {"target": "number"},
        {"files": {}},
    ],
)
def test_an_ensemble_that_lies_about_itself_is_refused(saved, changes):
    rewrite(saved, **changes)
    with pytest.raises(BadRun, match="is damaged"):
        load(saved)


def test_weights_that_are_no_numbers_are_refused(saved):
    said = json.loads((saved / "model.json").read_text())
    rewrite(saved, weights=dict.fromkeys(said["weights"], float("nan")))
    with pytest.raises(BadRun, match="its weights are not numbers"):
        load(saved)


def test_a_member_that_is_an_ensemble_itself_is_refused(saved):
    import hashlib

    rewrite(saved / "members" / "00", kind="ensemble")
    file = saved / "members" / "00" / "model.json"
    files = json.loads((saved / "model.json").read_text())["files"]
    files["members/00/model.json"] = hashlib.sha256(file.read_bytes()).hexdigest()
    rewrite(saved, files=files)
    with pytest.raises(BadRun, match="is of the kind 'ensemble'"):
        load(saved)
