"""A small recipe of every kind, against its stored curve of validation losses.

`python -m tests.verbs.test_curves` stores them anew: read the difference before you
commit it. Kernels differ in their last bits from machine to machine, and Adam's kind
makes more of them in a few steps.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_wine

from wellfit.record import open_run
from wellfit.trainer.recipes import written
from wellfit.verbs.recipe import recipe_for
from wellfit.verbs.train import train

STORED = Path(__file__).parent / "curves.json"
CLOSE = 3e-3  # of the loss
SHORT = (
    "loop.epochs=4",
    "loop.batch_size=32",
    "loop.budget=null",
    "model.params.hidden=[16]",
    "precision.device=cpu",
)
SGD = "optimizer={name: sgd, lr: 0.05}"
NUMBERS: dict[str, tuple[str, ...]] = {
    "as proposed": (),
    "sgd": (SGD,),
    "nesterov": ("optimizer={name: sgd, lr: 0.05, nesterov: true}",),
    "adagrad": ("optimizer={name: adagrad, lr: 0.05}",),
    "rmsprop": ("optimizer={name: rmsprop, lr: 0.002}",),
    "adam": ("optimizer={name: adam, lr: 0.005}",),
    "lbfgs": ("optimizer={name: lbfgs, lr: 1.0}", "loop.batch_size=265"),
    "muon": ("optimizer={name: muon, lr: 0.01}",),
    "mae": ("objective={name: mae}",),
    "huber": ("objective={name: huber}",),
    "log-cosh": ("objective={name: log-cosh}",),
    "l1 and l2": (SGD, "regularization={l1: 0.001, l2: 0.01}"),
    "ema": (SGD, "regularization={ema: 0.9}"),
    "swa": (SGD, "regularization={swa: 0.5}"),
    "clipped, in parts": (SGD, "loop.clip=0.5", "loop.accumulate=4"),
    "bfloat16": (SGD, "precision.dtype=bfloat16"),
    "by steps": (SGD, "loop.evaluate_every=10", "loop.steps=30"),
    "step": (SGD, "schedule=[{name: step, every: 1, factor: 0.5}]"),
    "exponential": (SGD, "schedule=[{name: exponential, factor: 0.7}]"),
    "linear": (SGD, "schedule=[{name: linear}]"),
    "cosine": (SGD, "schedule=[{name: cosine, cycles: 2}]"),
    "piecewise": (SGD, "schedule=[{name: piecewise, at: [1, 2], factors: [0.5, 0.1]}]"),
    "plateau": (SGD, "schedule=[{name: plateau, patience: 1, least_gain: 0.2}]"),
    "cyclical": (SGD, "schedule=[{name: cyclical, cycles: 2}]"),
    "one-cycle": (SGD, "schedule=[{name: one-cycle}]"),
}
CLASSES: dict[str, tuple[str, ...]] = {
    "cross-entropy": (SGD,),
    "smoothed": (SGD, "objective={name: cross-entropy, params: {smoothing: 0.1}}"),
    "balanced": (SGD, "objective={name: cross-entropy, params: {weights: balanced}}"),
    "hinge": (SGD, "objective={name: hinge}"),
    "exponential loss": (SGD, "objective={name: exponential}"),
    "focal": (SGD, "objective={name: focal}"),
    "batch norm": (SGD, "model.params.norm=batch"),
    "layer norm": (SGD, "model.params.norm=layer", "model.params.activation=gelu"),
}
KINDS = {name: (load_diabetes, pairs) for name, pairs in NUMBERS.items()} | {
    name: (load_wine, pairs) for name, pairs in CLASSES.items()
}

# In each run of the tests; the others in `make test-all`.
OFTEN = ("as proposed", "sgd", "lbfgs", "muon", "log-cosh", "ema", "one-cycle", "focal")


def curve(name: str, folder: Path) -> list[float]:
    """The validation losses of that kind's training."""
    load, pairs = KINDS[name]
    torch.set_num_threads(1)
    table = folder / "table.csv"
    load(as_frame=True).frame.to_csv(table, index=False)
    path = folder / "recipe.yaml"
    path.write_text(written(recipe_for(table, target="target", asked=(*SHORT, *pairs))))
    trained = train(path, out=folder / "run")
    return [float(v) for v in open_run(trained.run.path).get("val/loss").values]


@pytest.mark.parametrize(
    "name",
    [n if n in OFTEN else pytest.param(n, marks=pytest.mark.slow) for n in KINDS],
)
def test_it_is_the_stored_one(name, tmp_path):
    stored = json.loads(STORED.read_text())
    found = curve(name, tmp_path)
    assert found == pytest.approx(stored[name], rel=CLOSE)
    assert np.isfinite(found).all()


def test_no_two_kinds_train_alike():
    stored = json.loads(STORED.read_text())
    assert set(stored) == set(KINDS)
    ends = sorted(tuple(losses) for losses in stored.values())
    assert len(set(ends)) == len(ends)


def main() -> None:
    found = {}
    for name in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = [round(loss, 7) for loss in curve(name, Path(folder))]
        print(name, found[name], file=sys.stderr)
    STORED.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
