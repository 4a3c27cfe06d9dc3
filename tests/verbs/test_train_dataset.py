"""Training on a Dataset of the user's own: from a factory to a model, and back."""

import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, TensorDataset

import wellfit
from tests.killing import killed, loss
from wellfit.core.errors import BadRun, BadTable, WellfitError
from wellfit.core.recipe import (
    Data,
    Loop,
    Model,
    Objective,
    Optimizer,
    Precision,
    Recipe,
    Regularization,
    Splitting,
)
from wellfit.trainer.checkpoint import checkpoints_in, step_of
from wellfit.verbs.predict import predict
from wellfit.verbs.train import train

OWN = """
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset

AT_LARGE = np.random.default_rng(5)

def small():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(240, 2, 6, generator=generator)
    return x, x[:, :, :3].sum(dim=(1, 2))

class Waves(Dataset):
    '''Augmented by the global generators, by its own, and by the module's.'''
    def __init__(self, augment=False, classes=True):
        self.x, y = small()
        self.y = (y > 0).long() if classes else y
        self.augment = augment
        self.own = [np.random.default_rng(1), random.Random(2)]
        self.deep = {"torch": torch.Generator().manual_seed(3)}

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        x, y = self.x[index], self.y[index]
        if self.augment:
            noise = 0.1 * torch.randn(x.shape) + random.random() + np.random.rand()
            noise += self.own[0].random() + self.own[1].random() + AT_LARGE.random()
            noise += torch.rand(1, generator=self.deep["torch"]) - 3
            x = x + 0.1 * noise
        return x, y

def waves(augment):
    return Waves(augment)

def numbers():
    return Waves(classes=False)

def named():
    names = ["low", "high"]
    return [(x.double().numpy(), names[int(y)]) for x, y in Waves()]

class Listed(Dataset):
    def __init__(self, pairs):
        self.pairs = pairs
    def __len__(self):
        return len(self.pairs)
    def __getitem__(self, index):
        return self.pairs[index]

def words():
    return Listed(named())

def rows():
    x, y = small()
    return TensorDataset(x.flatten(1), y)

class Endless(IterableDataset):
    def __iter__(self):
        yield from Waves()

class Lengthless(Dataset):
    def __getitem__(self, index):
        return 0

def empty():
    return Listed([])

def no_pairs():
    return Listed([torch.zeros(3)] * 50)

def wide_targets():
    return Listed([(torch.zeros(3), torch.zeros(3))] * 50)

def strange_inputs():
    return Listed([({"a": 1}, 1)] * 50)

def broken():
    raise ValueError("the disk is gone")

def uneven(augment):
    return Listed([(torch.zeros(3), i % 2) for i in range(60 if augment else 50)])

def ragged():
    return Listed([(torch.zeros(3 + (i == 30)), i % 2) for i in range(60)])

class Net(nn.Module):
    def __init__(self, inputs, outputs, shape):
        super().__init__()
        assert inputs == shape[0] == 2
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(12, 16), nn.Tanh(), nn.Dropout(0.2),
            nn.Linear(16, outputs))

    def forward(self, x):
        return self.layers(x)
""" + loss("CrossEntropyLoss", after=9, epoch=9, pause=0.05)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The name of a module with data sets and networks."""
    name = f"mine_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # workers that are spawned look there, too
    return name


def recipe(mine, source="waves", *asked, **sections):
    said = {
        "data": Data(source=f"{mine}:{source}", split=Splitting(by="class")),
        "model": Model(name=f"{mine}:Net"),
        "objective": Objective(name="cross-entropy"),
        "optimizer": Optimizer(lr=0.05),
        "loop": Loop(epochs=6, batch_size=16),
        "regularization": Regularization(),
        "precision": Precision(device="cpu"),
    }
    return wellfit.recipe_for(Recipe(**said | sections), asked=asked)


RANDOM = "data.split.by=random"


def test_a_dataset_of_ones_own_trains_a_network_of_ones_own(mine, tmp_path):
    path = recipe(mine).save(tmp_path / "recipe.yaml")
    done = train(path, out=tmp_path / "run")
    split = done.study.parts.split
    sizes = [len(p) for p in (split.train, split.validation, split.test)]
    assert sizes == pytest.approx([144, 48, 48], abs=2)
    assert done.model.classes == (0, 1)
    assert done.result.test["accuracy"] > 0.8 > done.result.trivial["accuracy"]
    assert done.run.facts["data"]["target"]["counts"].keys() == {"0", "1"}
    assert {"train/loss", "val/loss", "test/accuracy"} <= set(done.run.signals)
    loaded = predict(done.run.path, f"{mine}:waves", trust=True)
    module = sys.modules[mine]
    pd.testing.assert_frame_equal(loaded, done.predict(module.Waves()))
    right = loaded["prediction"].to_numpy() == module.Waves().y.numpy()
    assert right[split.test].mean() == pytest.approx(done.result.test["accuracy"])
    with pytest.raises(BadRun, match="--trust"):
        predict(done.run.path, f"{mine}:waves")
    with pytest.raises(BadTable, match=r"learnt from a Dataset .* got new\.csv"):
        predict(done.run.path, "new.csv", trust=True)


def test_it_learns_numbers_and_names(mine, tmp_path):
    numbers = recipe(mine, "numbers", "objective.name=mse", RANDOM, "loop.epochs=20")
    done = train(numbers, out=tmp_path / "numbers")
    assert done.result.test["r2"] > 0.5
    names = recipe(mine, "words")
    done = train(names, out=tmp_path / "names")
    assert done.model.classes == ("high", "low")
    assert done.result.test["accuracy"] > 0.8


def test_an_mlp_learns_from_rows_and_is_given_them_as_a_value(mine, tmp_path):
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(200, 4, generator=rng)
    data = TensorDataset(x, x[:, 0] - x[:, 1])
    asked = ("objective.name=mse", RANDOM, "model={name: mlp}", "loop.epochs=20")
    made = recipe(mine, "rows", *asked)
    done = wellfit.train(made, table=data, out=tmp_path / "run")
    assert done.result.test["r2"] > 0.5
    loaded = predict(done.run.path, data)
    pd.testing.assert_frame_equal(loaded, done.predict(data))
    again = train(made, out=tmp_path / "again")
    assert again.result.test["r2"] > 0.5


def test_folds_of_a_dataset(mine, tmp_path):
    done = train(recipe(mine, "waves", "data.split.folds=3"), out=tmp_path / "run")
    assert len(done.run.facts["folds"]["folds"]) == 3
    assert done.result.test["accuracy"] > 0.8


def weights(done) -> bytes:
    return (done.result.path / "own.safetensors").read_bytes()


def test_any_number_of_workers_gives_the_same_model_bit_for_bit(mine, tmp_path):
    one, two = (
        train(recipe(mine, "waves", f"loop.workers={n}"), out=tmp_path / f"{n}")
        for n in (0, 2)
    )
    assert weights(one) == weights(two)
    assert one.to_json()["test"] == two.to_json()["test"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="it needs SIGKILL")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_killed_training_goes_on_to_the_same_model_bit_for_bit(
    mine, tmp_path, workers
):
    asked = [f"objective.name={mine}:Loss", f"loop.workers={workers}"]
    asked += ["loop.checkpoint_every=2", "regularization.ema=0.9"]
    path = recipe(mine, "waves", *asked).save(tmp_path / "recipe.yaml")
    out = tmp_path / "killed"
    killed(path, out)
    assert step_of(checkpoints_in(out / "checkpoints")[0]) % 9  # in mid-epoch
    resumed = train(path, resume="last", out=out)
    whole = train(path, out=tmp_path / "whole")
    assert weights(resumed) == weights(whole)
    assert resumed.to_json()["test"] == whole.to_json()["test"]


def test_workers_that_a_table_does_not_need_are_noted(mine, tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 2))
    frame = pd.DataFrame(x, columns=["a", "y"]).assign(b=x[:, 1] * 2)
    asked = ["loop.workers=2", "loop.epochs=2", "precision.device=cpu"]
    done = train(frame, target="y", asked=asked, out=tmp_path / "run")
    assert any(n.startswith("loop.workers is not used") for n in done.result.notes)


@pytest.mark.parametrize(
    ("source", "asked", "sentence"),
    [
        ("Endless", [], "gives an IterableDataset, whose samples have no numbers"),
        ("Lengthless", [], "a Dataset without a length: it needs __len__"),
        ("empty", [], "gives a Dataset without samples"),
        ("no_pairs", [], "must give pairs of an input and a target; it gave a Tensor"),
        ("wide_targets", [], "must be a number or a class; that of number 0 of "),
        ("strange_inputs", [], "a tensor, an array or a number; number 0 has a dict"),
        ("broken", [], "failed with ValueError: the disk is gone"),
        ("uneven", [], "with augment=True and augment=False; it gave 60 and 50"),
        ("ragged", ["model={name: mlp}"], "samples of one shape; number 30 is (4,)"),
        (
            "ragged",
            ["model={name: mlp}", "loop.workers=1"],
            "samples of one shape; number 30 is (4,)",
        ),
        ("wide_targets", ["loop.workers=1"], "must be a number or a class; that of nu"),
        ("waves", ["model={name: mlp}"], "mlp does not learn from"),
        ("waves", ["model={name: linear}"], "linear does not learn from"),
        ("waves", ["data.augment=[{name: noise}]"], "rows that are in memory; a Datas"),
        ("waves", ["data.split={by: time, column: t}"], "no columns to split by time"),
        ("numbers", ["objective.name=mse"], "a split by class needs classes"),
        ("numbers", [RANDOM], "cross-entropy is not for numbers"),
        ("rows", [RANDOM, "objective.name=mse"], "Net(inputs=12, outputs=1, shape=(12"),
    ],
)
def test_what_cannot_be_trained_on_is_told_in_a_sentence(
    mine, tmp_path, source, asked, sentence
):
    with pytest.raises(WellfitError) as told:
        train(recipe(mine, source, *asked), out=tmp_path / "run")
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


def test_a_dataset_in_memory_that_has_no_numbers_is_told(mine, tmp_path):
    class Endless(IterableDataset):
        def __iter__(self):
            return iter(())

    with pytest.raises(WellfitError, match="gives an IterableDataset"):
        train(recipe(mine), table=Endless(), out=tmp_path / "run")


class Told(Dataset):
    """Counts what is asked for; its `targets` are true, or another's."""

    def __init__(self, *, lies=False):
        self.targets = [(i + lies) % 2 for i in range(80)]
        self.asked = 0

    def __len__(self):
        return 80

    def __getitem__(self, index):
        self.asked += 1
        return torch.tensor([float(index % 2), 1.0]), index % 2


@pytest.mark.parametrize("lies", [False, True])
def test_targets_that_the_dataset_tells_are_believed_where_they_are_true(mine, lies):
    from wellfit.trainer.recipes.dataset import own

    data = Told(lies=lies)
    target = own(data, data, "told").target(recipe(mine))
    assert target.y.tolist() == [i % 2 for i in range(80)]
    assert (data.asked < 30) is not lies


def test_the_command_line(mine, tmp_path):
    def wellfit(*words):
        program = [sys.executable, "-m", "wellfit", *words]
        return subprocess.run(
            program, check=False, capture_output=True, text=True, timeout=300
        )

    recipe(mine, "waves", "loop.epochs=2").save(tmp_path / "recipe.yaml")
    said = wellfit("train", "recipe.yaml", "--out", "run")
    assert (said.returncode, said.stderr) == (0, "")
    assert f"{mine}:waves: 240 rows" in said.stdout
    assert "wellfit predict run package.module:factory --trust" in said.stdout
    predicted = wellfit("predict", "run", f"{mine}:waves", "--trust")
    assert len(predicted.stdout.splitlines()) == 241
    refused = wellfit("predict", "run", f"{mine}:waves")
    assert refused.returncode == 2
    assert "say that you trust it, with --trust" in refused.stderr
