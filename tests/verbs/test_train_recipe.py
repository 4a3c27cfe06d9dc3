"""Training by a recipe, end to end: from YAML to a model, through a kill and back."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

import wellfit
from tests.killing import killed, loss
from wellfit.core.errors import BadRun, BadSetting, WellfitError
from wellfit.record import open_run
from wellfit.trainer import room
from wellfit.trainer.checkpoint import checkpoints_in, step_of
from wellfit.trainer.recipes import read_recipe, written
from wellfit.verbs.predict import predict
from wellfit.verbs.recipe import recipe_for
from wellfit.verbs.train import train

SHORT = ("loop.epochs=6", "model.params.hidden=[16]", "precision.device=cpu")
TABLES = {
    "wine": (load_wine, "accuracy", 0.8),
    "breast_cancer": (load_breast_cancer, "accuracy", 0.85),
    "diabetes": (load_diabetes, "r2", 0.2),
}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for name, (load, _, _) in TABLES.items():
        load(as_frame=True).frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def said_for(table: Path, *pairs: str, target: str = "target") -> str:
    return written(recipe_for(table, target=target, asked=pairs))


@pytest.fixture
def kept(tables, tmp_path):
    """A recipe for diabetes, in a file."""
    path = tmp_path / "recipe.yaml"
    path.write_text(said_for(tables / "diabetes.csv", *SHORT))
    return path


@pytest.fixture(scope="module")
def trained(tables, tmp_path_factory):
    """A training by a recipe, that nothing is to be changed of."""
    folder = tmp_path_factory.mktemp("trained")
    path = folder / "recipe.yaml"
    path.write_text(said_for(tables / "diabetes.csv", *SHORT))
    return train(path, out=folder / "run")


@pytest.mark.parametrize("name", TABLES)
def test_a_recipe_of_a_table_trains_a_model_better_than_trivial(tables, tmp_path, name):
    _, metric, least = TABLES[name]
    path = tmp_path / "recipe.yaml"
    path.write_text(said_for(tables / f"{name}.csv", "loop.epochs=20"))
    said = train(path, out=tmp_path / "run").to_json()
    assert said["test"][metric] > max(least, said["trivial"][metric])
    assert [c["model"] for c in said["candidates"]] == ["trivial", "mlp"]


def test_the_run_folder_has_all_of_it(trained):
    run = open_run(trained.run.path)
    assert {"model", "checkpoints", "recipe.yaml", "run.db", "environment.json"} <= {
        p.name for p in run.path.iterdir()
    }
    assert {"train/loss", "val/loss", "test/rmse", "train/grad_norm"} <= set(
        run.signals
    )
    assert len(run.signal("val/loss").steps) == 6
    assert run.facts["outcome"] == {"error": None, "interrupted": False}
    assert run.facts["training"]["steps"] == len(run.signal("train/loss").steps) == 54
    assert {"optimizer", "objective", "model"} <= set(run.facts)


def test_every_setting_and_reason_is_in_it(trained):
    kept = (trained.run.path / "recipe.yaml").read_text()
    assert kept == written(trained.recipe)
    found = read_recipe(trained.run.path / "recipe.yaml")
    assert found == trained.recipe
    assert found.reasons == trained.recipe.reasons
    fact = trained.run.facts["recipe"]
    assert fact["loop"]["epochs"] == 6
    assert fact["reasons"]["loop.epochs"] == "as asked"


def test_the_same_recipe_and_seed_give_the_same_bit_for_bit(trained, kept, tables):
    again = train(kept, out=kept.parent / "again")
    new = pd.read_csv(tables / "diabetes.csv")
    pd.testing.assert_frame_equal(
        trained.predict(new), again.predict(new), check_exact=True
    )
    other = train(kept, out=kept.parent / "other", seed=1)
    assert not trained.predict(new).equals(other.predict(new))


def test_its_model_predicts_once_it_is_loaded(trained, tables):
    path = tables / "diabetes.csv"
    expected = trained.predict(path)
    assert np.corrcoef(expected["prediction"], pd.read_csv(path)["target"])[0, 1] > 0.5
    for place in (trained.run.path, trained.result.path):
        pd.testing.assert_frame_equal(predict(place, path), expected)


def test_a_recipe_is_taken_as_a_value_too(trained, tmp_path):
    again = train(trained.recipe, out=tmp_path / "run")
    assert again.to_json()["test"] == trained.to_json()["test"]


def test_a_table_with_changes_is_trained_by_the_recipe_written_for_it(
    tables, tmp_path, trained
):
    path = tables / "diabetes.csv"
    again = train(path, target="target", asked=SHORT, out=tmp_path / "run")
    assert again.recipe == trained.recipe
    assert again.to_json()["test"] == trained.to_json()["test"]


@pytest.mark.parametrize(
    "pairs",
    [
        ["optimizer.name=sgd", "schedule=[{name: one-cycle}]"],
        ["optimizer.name=lbfgs", "optimizer.weight_decay=0", "loop.epochs=2"],
        ["optimizer.name=muon", "optimizer.layer_decay=0.9"],
        ["model.params.norm=batch", "model.params.activation=gelu"],
        ["model.params.norm=layer", "regularization.ema=0.9"],
        ["regularization.swa=0.5", "loop.accumulate=2", "loop.clip=1"],
        ["objective.name=huber", "regularization.l1=0.001", "regularization.l2=0.001"],
        ["objective.name=log-cosh", "schedule=[{name: plateau, metric: mae}]"],
        ["objective.name=mae", "regularization.early_stopping.metric=r2"],
        ["precision.dtype=bfloat16", "loop.batch_size=auto", "loop.steps=20"],
        ["model.name=linear"],
        ["model.name=lightgbm"],
        ["model.name=trivial"],
    ],
    ids=lambda pairs: pairs[0],
)
def test_what_a_recipe_can_say_of_numbers_trains_and_predicts(kept, tables, pairs):
    shape = [] if pairs[0].startswith("model.name") else SHORT
    read = recipe_for(tables / "diabetes.csv", target="target", asked=[*shape, *pairs])
    done = train(read, out=kept.parent / "run")
    loaded = predict(done.run.path, tables / "diabetes.csv")
    pd.testing.assert_frame_equal(loaded, done.predict(tables / "diabetes.csv"))
    assert np.isfinite(done.result.test["rmse"])


@pytest.mark.parametrize(
    "pairs",
    [
        ["objective.params={weights: balanced, smoothing: 0.1}"],
        ["objective={name: focal, params: {gamma: 1, weights: balanced}}"],
        ["objective={name: hinge}"],
        ["objective={name: exponential}"],
        ["objective.threshold=tuned"],
        ["objective.threshold=0.4"],
    ],
    ids=lambda pairs: pairs[0],
)
def test_what_a_recipe_can_say_of_classes_trains_and_predicts(tables, tmp_path, pairs):
    path = tables / "breast_cancer.csv"
    read = recipe_for(path, target="target", asked=[*SHORT, *pairs])
    done = train(read, out=tmp_path / "run")
    assert done.result.test["accuracy"] > 0.8
    loaded = predict(done.run.path, path)
    pd.testing.assert_frame_equal(loaded, done.predict(path))
    threshold = done.model.threshold
    if threshold is not None:
        second = loaded["probability of 1"] >= threshold
        assert (loaded["prediction"] == second.astype(int)).all()


# -- networks and losses of the user's own ----------------------------------------

OWN = """
from torch import nn

class Mine(nn.Module):
    def __init__(self, inputs, outputs, width=8):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, width), nn.Tanh(), nn.Dropout(0.2),
            nn.Linear(width, outputs))

    def forward(self, x):
        return self.layers(x)

def list_of_layers():
    return [nn.Linear(1, 1)]
""" + loss("MSELoss", after=10, epoch=9, pause=0.05)


@pytest.fixture
def own(kept):
    """A recipe whose loss can kill, beside the code that it names."""
    name = f"nets_{kept.parent.name.replace('-', '_')}"
    (kept.parent / f"{name}.py").write_text(OWN)
    source = next(r for r in kept.read_text().splitlines() if "source:" in r)
    table = source.split("source:")[1].strip()
    pairs = [
        *SHORT,
        "loop.epochs=30",
        "loop.checkpoint_every=4",
        "regularization.ema=0.9",
    ]
    text = said_for(Path(table), *pairs, f"objective.name={name}:Loss")
    kept.write_text(text)
    return kept, name


def test_a_network_of_ones_own_trains_and_predicts_where_it_is_trusted(
    own, tables, monkeypatch
):
    path, name = own
    asked = [f"model.name={name}:Mine", "model.params={width: 4}", "loop.epochs=3"]
    done = train(path, asked=asked, out=path.parent / "run")
    assert done.result.chosen.model == "own"
    new = tables / "diabetes.csv"
    with pytest.raises(BadRun, match="--trust"):
        predict(done.run.path, new)
    monkeypatch.syspath_prepend(path.parent)
    loaded = predict(done.run.path, new, trust=True)
    pd.testing.assert_frame_equal(loaded, done.predict(new))
    with pytest.raises(
        BadSetting, match=r"must give a torch\.nn\.Module; it gave a list"
    ):
        train(path, asked=[f"model.name={name}:list_of_layers"], out=path.parent / "2")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="it needs SIGKILL")
def test_a_killed_training_goes_on_to_the_same_model_bit_for_bit(own):
    path, _ = own
    out = path.parent / "killed"
    killed(path, out)
    start = step_of(checkpoints_in(out / "checkpoints")[0])
    assert start % 9  # in mid-epoch
    resumed = train(path, resume="last", out=out)
    whole = train(path, out=path.parent / "whole")

    for file in ("mlp.safetensors", "preparation.json"):
        one, two = (run / "model" / file for run in (out, path.parent / "whole"))
        assert one.read_bytes() == two.read_bytes()
    assert resumed.to_json()["test"] == whole.to_json()["test"]
    for name in ("train/loss", "val/loss"):
        one, two = (series(done, name) for done in (resumed, whole))
        assert all(start - 20 < step < start for step in two.keys() - one.keys())
        assert one == {step: two[step] for step in one}
    facts = [t.run.facts["training"] for t in (resumed, whole)]
    assert facts[0]["steps"] == facts[1]["steps"]
    assert facts[0].get("kept") == facts[1].get("kept")


def test_an_interrupted_training_is_kept_and_gone_on_with(own):
    path, _ = own
    out = path.parent / "interrupted"
    program = [sys.executable, "-m", "wellfit", "train", path, "--out", out]
    words = ["--set", "loop.epochs=100000", "--set", "schedule=[]"]
    child = subprocess.Popen([*program, *words], stderr=subprocess.PIPE, text=True)
    while not checkpoints_in(out / "checkpoints"):
        assert child.poll() is None
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    assert "--resume last goes on with it" in child.communicate(timeout=60)[1]
    assert child.returncode == 130
    run = open_run(out)
    assert run.facts["outcome"]["interrupted"]
    seen = run.last_step
    assert seen > 0
    asked = ["schedule=[]", f"loop.steps={seen + 20}"]
    resumed = train(path, asked=asked, resume="last", out=out)
    assert resumed.run.facts["training"]["steps"] == seen + 20


def series(done, name: str) -> dict[int, float]:
    signal = open_run(done.run.path).signal(name)
    return dict(zip(signal.steps.tolist(), signal.values.tolist(), strict=True))


@pytest.mark.slow
def test_it_goes_on_with_the_newest_run_of_the_recipe(own, tables):
    path, _ = own
    runs = path.parent / "runs"
    killed(path, runs / "first")
    train(path, out=runs / "second", asked=["optimizer.lr=0.5"])
    resumed = train(path, runs=runs, resume="last")
    assert resumed.run.path == (runs / "first").absolute()


def test_what_cannot_be_gone_on_with_is_told_in_a_sentence(kept, trained, tmp_path):
    out, run = tmp_path / "nothing", trained.run.path
    with pytest.raises(BadRun, match="no run of this recipe to go on with in"):
        train(kept, resume="last", runs=tmp_path / "runs")
    with pytest.raises(BadRun, match="holds no training by a recipe"):
        train(kept, resume="last", out=out)
    with pytest.raises(BadRun, match=r"another recipe: optimizer\.lr was 0\.002 "):
        train(kept, resume="last", out=run, asked=["optimizer.lr=1"])
    with pytest.raises(BadSetting, match="--resume takes last or best; got 'first'"):
        train(kept, resume="first")
    with pytest.raises(BadSetting, match="linear has no checkpoints"):
        train(kept, resume="last", asked=["model.name=linear"])
    with pytest.raises(BadSetting, match="goes on with a training by a recipe"):
        train("a.csv", target="y", resume="last")
    with pytest.raises(BadRun, match="holds a run already"):
        train(kept, out=run)


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        (
            ["data.split.folds=5", "schedule=[{name: plateau}]"],
            "data.split.folds with a plateau stage is not trained by yet",
        ),
        (["data.augment=[{name: flip}]"], "flip changes images, and the model learns"),
        (["objective={name: cross-entropy}", "data.task=regression"], "is not for"),
        (
            ["schedule=[{name: warm-up, steps: 500}, {name: cosine}]"],
            "schedule.1: no steps are left for cosine",
        ),
        (["loop.epochs=null"], "schedule.0: how long warm-up lasts cannot be told"),
        (["precision.device=cuda:7"], "PyTorch does not see on this machine"),
        (["model.name=nowhere:build"], "there is no module 'nowhere'"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_trained_is_told_in_a_sentence(kept, pairs, sentence):
    with pytest.raises(WellfitError) as told:
        train(kept, asked=pairs, out=kept.parent / "run")
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


def test_the_command_line(tables, tmp_path):
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

    table = tables / "wine.csv"
    shown = wellfit("train", table, "--target", "target", "--show-recipe")
    (tmp_path / "recipe.yaml").write_text(shown.stdout)
    words = ("train", "recipe.yaml", "--set", "loop.epochs=3", "--seed", "3")
    said = wellfit(*words, "--out", "one", "--json", "one.json")
    assert (said.returncode, said.stderr) == (0, "")
    for part in (
        "mlp, cross-entropy, seed 3",
        "one/recipe.yaml",
        "on test",
        "3 epochs",
    ):
        assert part in said.stdout
    found = json.loads((tmp_path / "one.json").read_text())
    assert found["model"].endswith("one/model")
    predicted = wellfit("predict", "one", table)
    assert len(predicted.stdout.splitlines()) == 179
    again = wellfit(*words, "--out", "one", "--resume", "last", "--quiet")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert wellfit("predict", "one", table).stdout == predicted.stdout


def test_a_rate_is_found_by_a_range_test(kept, tmp_path):
    trained = train(kept, asked=["optimizer.lr=auto"], out=tmp_path / "run")
    found = trained.run.facts["range_test"]
    assert len(found["rates"]) == len(found["losses"])
    assert any("by a range test" in note for note in trained.result.notes)
    attempt = open_run(tmp_path / "run" / "trials" / "mlp")
    assert max(attempt.get("learning_rate").values) == pytest.approx(found["rate"])
    assert trained.run.last_step < 6 * 9 + 2  # what was tried is no part of it
    said = f"optimizer.lr={found['rate']}"
    again = train(kept, asked=[said], out=tmp_path / "again")
    assert again.result.test == trained.result.test


def test_losses_that_only_we_have_are_recorded(kept, tmp_path):
    trained = train(kept, asked=["objective={name: log-cosh}"], out=tmp_path / "run")
    losses = trained.run.get("val/loss")
    assert len(losses) == 6
    assert losses.steps.tolist() == [9 * n for n in range(1, 7)]


def test_progress_says_what_is_left(kept, tmp_path):
    told = []
    train(kept, out=tmp_path / "run", on_progress=told.append)
    rounds = [p for p in told if p.stage == "training mlp" and p.round]
    assert [(p.place, p.of) for p in rounds] == [(9 * n, 54) for n in range(1, 7)]
    left = [p.left for p in rounds]
    assert left[-1] == 0
    assert all(0 <= seconds <= 60 for seconds in left)
    assert {p.folder for p in rounds} == {tmp_path / "run" / "trials" / "mlp"}


# -- as values, from Python ---------------------------------------------------------


def test_a_recipe_that_is_written_is_saved_changed_and_trained(
    tables, tmp_path, trained
):
    table = tables / "diabetes.csv"
    made = wellfit.recipe_for(table, target="target", asked=SHORT)
    path = made.save(tmp_path / "recipe.yaml")
    assert path.read_text() == made.to_yaml() == written(made)
    assert f"# {made.reasons['optimizer.lr']}" in made.to_yaml()
    assert wellfit.recipe_for(path) == made == trained.recipe
    changed = wellfit.recipe_for(made, asked=["loop.epochs=2"])
    assert (made.loop.epochs, changed.loop.epochs) == (6, 2)
    done = wellfit.train(changed, out=tmp_path / "run")
    assert len(done.run.signal("val/loss").steps) == 2


@pytest.mark.parametrize("kind", ["pandas", "arrow"])
def test_a_recipe_of_a_frame_is_trained_on_it(tables, tmp_path, trained, kind):
    frame = pd.read_csv(tables / "diabetes.csv")
    if kind == "arrow":
        frame = pytest.importorskip("pyarrow").Table.from_pandas(frame)
    made = wellfit.recipe_for(frame, target="target", asked=SHORT)
    done = wellfit.train(made, table=frame, out=tmp_path / "run")
    assert done.to_json()["test"] == trained.to_json()["test"]
    at_once = wellfit.train(frame, target="target", asked=SHORT, out=tmp_path / "2")
    assert at_once.recipe == made
    assert at_once.to_json()["test"] == trained.to_json()["test"]
    again = wellfit.train(made, table=frame, out=tmp_path / "run", resume="last")
    assert again.to_json()["test"] == trained.to_json()["test"]


def test_a_frame_that_is_missing_or_too_many_is_told_in_a_sentence(tables, tmp_path):
    path = tables / "diabetes.csv"
    frame = pd.read_csv(path)
    made = wellfit.recipe_for(frame, target="target")
    with pytest.raises(BadSetting, match=r"of a frame in memory: give it, train\("):
        wellfit.train(made, out=tmp_path / "run")
    for asked in ((), SHORT):
        with pytest.raises(BadSetting, match="table is what a recipe is trained on"):
            wellfit.train(path, target="target", asked=asked, table=frame)


# -- memory ------------------------------------------------------------------------


def test_a_batch_goes_through_in_parts_where_the_memory_that_is_asked_for_is_short(
    tables, tmp_path, monkeypatch
):
    frame = pd.read_csv(tables / "diabetes.csv")
    noise = np.random.default_rng(0).normal(size=(len(frame), 40))
    frame = frame.join(pd.DataFrame(noise).add_prefix("noise "))
    wide = ("model.params.hidden=[16384]", "loop.epochs=1", "loop.batch_size=256")
    said = {"target": "target", "asked": (*SHORT, *wide)}
    monkeypatch.setattr(room, "_taken", lambda: 2**30)
    roomy = wellfit.train(frame, **said, memory="100G", out=tmp_path / "roomy")
    assert not [note for note in roomy.result.notes if "memory" in note]
    short = wellfit.train(frame, **said, memory="1G", out=tmp_path / "short")
    (note,) = [note for note in short.result.notes if "memory" in note]
    size = int(re.match("memory would not do: (\\d+) rows at once", note)[1])
    weights = 4 * 16384 * 52  # bytes; as many are their gradients and two moments each
    each = 2 * 3 * 4 * 16384  # bytes kept of a row: three times its widest layer
    assert size == pytest.approx((room.LEAST - 3 * weights) / each, rel=0.1)
    assert short.result.test == pytest.approx(roomy.result.test, rel=1e-3)


@pytest.mark.parametrize(
    ("memory", "device", "left"),
    [
        (None, "cpu", None),
        ("3G", "cuda:0", None),
        ("3G", "cpu", 2 * 2**30),
        ("1G", "cpu", room.LEAST),
    ],
)
def test_a_training_may_take_what_the_process_has_not(
    monkeypatch, memory, device, left
):
    monkeypatch.setattr(room, "_taken", lambda: 2**30)
    assert room.training_room(memory, device) == left
