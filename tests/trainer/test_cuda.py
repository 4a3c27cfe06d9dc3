"""The engine on a GPU: what is true of it on a processor is true of it there."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from tests.data.pictures import folder
from tests.trainer import killed
from wellfit.trainer.checkpoint import checkpoints_in
from wellfit.trainer.engine import fit
from wellfit.trainer.feed import MemoryFeed
from wellfit.trainer.footprint import LIGHT
from wellfit.trainer.optimizers import OptimizerSettings
from wellfit.trainer.settings import Limits, Settings, Task
from wellfit.verbs.predict import predict
from wellfit.verbs.train import train

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device on this machine"
)
WEIGHED = ("objective.params.weights=balanced",)


@pytest.fixture(autouse=True)
def deterministic():
    torch.backends.cudnn.deterministic = True
    yield
    torch.backends.cudnn.deterministic = False


def on_gpu(case, **how):
    return dataclasses.replace(case, how={**case.how, "device": "cuda", **how})


@pytest.mark.parametrize("name", killed.CASES)
def test_an_ended_training_goes_on_to_the_bit(name, tmp_path):
    case = killed.CASES[name]
    begun = on_gpu(case, limits=Limits(steps=killed.FROM + 3))
    killed.train(begun, killed.checkpoints(tmp_path))
    found, outcome = killed.train(
        on_gpu(case), killed.checkpoints(tmp_path, resume="last")
    )
    expected, uninterrupted = killed.train(on_gpu(case))
    assert outcome.history[-1] == uninterrupted.history[-1]
    assert outcome.best_epoch >= uninterrupted.best_epoch
    values = expected.state_dict()
    for key, value in found.state_dict().items():
        assert value.is_cuda, key
        assert torch.equal(value, values[key]), key


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_it_learns_as_on_a_processor(precision):
    case = killed.CASES["channels-last"]
    _, here = killed.train(dataclasses.replace(case))
    _, there = killed.train(on_gpu(case, precision=precision))
    last = [outcome.history[-1].metrics["val/loss"] for outcome in (here, there)]
    assert last[1] == pytest.approx(last[0], rel=0.1)


def test_one_weight_that_is_a_number_is_resumed(tmp_path):
    class Warm(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 4)
            self.warmth = nn.Parameter(torch.ones(()))

        def forward(self, x):
            return self.layer(x) * self.warmth

    def ended(checkpoints, steps):
        torch.manual_seed(0)
        task = Task(
            network=Warm(),
            criterion=nn.CrossEntropyLoss(),
            feed=MemoryFeed(tensors=killed.rows(images=False), batch_size=32),
        )
        how = Settings(
            optimizer=OptimizerSettings(name="adamw"),
            limits=Limits(epochs=None, steps=steps),
            device="cuda",
        )
        fit(task, how, checkpoints=checkpoints)
        return task.network.state_dict()

    ended(killed.checkpoints(tmp_path), 10)
    found = ended(killed.checkpoints(tmp_path, resume="last"), 20)
    expected = ended(None, 20)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


class Long(nn.Module):
    """Keeps a tensor as large as its inputs for each of so many steps."""

    def __init__(self, features, steps):
        super().__init__()
        self.shift, self.steps = nn.Parameter(torch.zeros(features)), steps
        self.layer = nn.Linear(features, 4)

    def forward(self, x):
        for _ in range(self.steps):
            x = torch.tanh(x + self.shift)
        return self.layer(x)


def test_more_rows_than_fit_go_through_in_parts():
    torch.cuda.empty_cache()
    rows, free = 1 << 12, torch.cuda.mem_get_info()[0]
    features = int(1.2 * free / (LIGHT * 4 * rows))
    steps = int(0.75 * free / (4 * rows * features))  # beside it comes as much again
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, features, generator=generator)
    task = Task(
        network=Long(features, steps),
        criterion=nn.CrossEntropyLoss(),
        feed=MemoryFeed(tensors=(x, x[:, :4].argmax(1)), batch_size=rows),
    )
    said = []
    how = Settings(limits=Limits(epochs=None, steps=2), device="cuda")
    assert fit(task, how, say=said.append).steps == 2
    assert len(said) == 1
    assert said[0].startswith("memory would not do: ")


def test_memory_that_runs_out_is_answered_by_parts():
    torch.cuda.empty_cache()
    rows = 256
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, 8, generator=generator)

    class Greedy(nn.Module):
        """Takes as much for each row as no memory has for all, and only in training."""

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(8, 4)
            self.each = int(1.5 * torch.cuda.mem_get_info()[0] / rows)

        def forward(self, x):
            if len(x) > 4:  # what is tried first tells nothing of it
                torch.empty(len(x) * self.each, dtype=torch.uint8, device=x.device)
            return self.layer(x)

    task = Task(
        network=Greedy(),
        criterion=nn.CrossEntropyLoss(),
        feed=MemoryFeed(tensors=(x, x[:, :4].argmax(1)), batch_size=rows),
    )
    said = []
    how = Settings(limits=Limits(epochs=None, steps=3), device="cuda")
    assert fit(task, how, say=said.append).steps == 3
    assert len(said) == 1
    assert said[0].startswith("out of memory: 128 rows at once")


PREDICT = """
import sys
import pandas as pd, torch
from wellfit.verbs.predict import predict

assert not torch.cuda.is_available()
run, rows, out = sys.argv[1:]
predict(run, pd.read_parquet(rows)).to_parquet(out)
"""


def test_a_table_is_trained_on_and_predicted_for_elsewhere(tmp_path):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(2000, 4))
    frame = pd.DataFrame(x, columns=list("abcd"))
    frame["y"] = np.where(x[:, 0] * x[:, 1] > 0.5, "yes", "no")
    asked = ("model.name=mlp", "loop.epochs=20", "precision.device=cuda", *WEIGHED)
    done = train(frame, target="y", asked=asked, out=tmp_path / "run")
    assert done.result.test["accuracy"] > 0.85
    here = predict(tmp_path / "run", frame)
    frame.to_parquet(tmp_path / "rows")
    paths = [tmp_path / name for name in ("run", "rows", "out")]
    without = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([sys.executable, "-c", PREDICT, *paths], check=True, env=without)
    elsewhere = pd.read_parquet(tmp_path / "out")
    assert (here["prediction"] == elsewhere["prediction"]).mean() > 0.999


def test_images_are_trained_on_by_the_recipe_for_them(tmp_path):
    photos = folder(tmp_path / "photos", {"ant": 40, "bee": 40, "cow": 40})
    asked = (
        "loop.epochs=10",
        "loop.batch_size=16",
        "model.params.widths=[8,16]",
        "optimizer.lr=0.05",
    )
    torch.cuda.reset_peak_memory_stats()
    done = train(photos, asked=asked, out=tmp_path / "run")
    assert torch.cuda.max_memory_allocated() > 0
    assert done.result.test["accuracy"] > 0.9
    assert checkpoints_in(tmp_path / "run" / "checkpoints")
