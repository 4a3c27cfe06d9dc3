"""What is wrong with a recipe: one sentence each, with the line."""

import os
import textwrap
from pathlib import Path

import pytest

from wellfit.core.choices import OPTIMIZERS
from wellfit.core.errors import BadSetting
from wellfit.core.text import parse_text
from wellfit.trainer.recipes import read_plain
from wellfit.trainer.recipes.check import checked

BASE = """\
data: {source: a.csv, target: price, task: regression}
objective: {name: mse}
"""
CLASSES = """\
data: {source: a.csv, target: sold, task: classification}
objective: {name: cross-entropy}
"""


def said(text: str) -> str:
    with pytest.raises(BadSetting) as wrong:
        checked(parse_text(text, name="r.yaml"))
    return str(wrong.value)


FAULTS = [
    # of the text itself
    "",
    "- a\n",
    "a: [\n",
    "a:\n\tb: 1\n",
    "seed: 1\nseed: 2\n",
    "loop: &a {epochs: 1}\n",
    "loop: *a\n",
    "seed: !!python/object/apply:os.system [ls]\n",
    "seed: 1\n---\nseed: 2\n",
    "seed: 1e999\n",
    "? [a]\n: 1\n",
    "a: " + "[" * 30 + "]" * 30,
    # of its keys
    "objective: {name: mse}\n",
    "data: {target: y}\nobjective: {name: mse}\n",
    BASE + "optimiser: {lr: 1}\n",
    BASE + "learning_rate: 1\n",
    BASE + "early_stopping: 3\n",
    BASE + "zzz: 1\n",
    BASE + "optimizer:\n  learning_rat: 0.1\n",
    BASE + "optimizer:\n  zzz: 0.1\n",
    BASE + "regularization: {early_stopping: {min_delta: 3}}\n",
    BASE + "schedule:\n  - {name: cosine, flor: 0.1}\n",
    BASE + "loop: {amp: true}\n",
    # of its values
    BASE + "version: 2\n",
    BASE + "seed: -1\n",
    BASE + "seed: true\n",
    BASE + "seed: 1.5\n",
    BASE + "optimizer: 3\n",
    BASE + "optimizer: {name: adamm}\n",
    BASE + "optimizer: {lr: 0}\n",
    BASE + "optimizer: {lr: fast}\n",
    BASE + "optimizer: {betas: [0.9]}\n",
    BASE + "optimizer: {betas: [0.9, 1]}\n",
    BASE + "optimizer: {layer_rates: {head: -1}}\n",
    BASE + "schedule: cosine\n",
    BASE + "schedule: [cosine]\n",
    BASE + "schedule:\n  - {name: cosin}\n",
    BASE + "schedule:\n  - {share: 0.1}\n",
    BASE + "loop: {batch_size: atuo}\n",
    BASE + "loop: {keep: [beste]}\n",
    BASE + "loop: {epochs: 0}\n",
    BASE + "regularization: {early_stopping: {restore: yes}}\n",
    BASE + "precision: {dtype: bf16}\n",
    BASE.replace("a.csv", "3"),
    BASE.replace("a.csv", "''"),
    BASE.replace("task: regression", "task: ranking"),
    BASE.replace("task: regression", "kinds: {zip: categry}"),
    BASE.replace("task: regression", "prepare: {crosses: [[a]]}"),
    BASE.replace("task: regression", "prepare: {polynomials: {a: 9}}"),
    # of what is named
    BASE + "model: {name: mpl}\n",
    BASE + "model: {name: mlp, params: {hiden: [3]}}\n",
    BASE + "model: {name: mlp, params: {hidden: [0]}}\n",
    BASE + "model: {name: linear, params: {depth: 3}}\n",
    BASE.replace("name: mse", "name: l1"),
    BASE.replace("name: mse", "name: huber, params: {delta: 0}"),
    BASE.replace("task: regression", "augment: [{name: flop}]"),
    BASE + "optimizer: {name: adam, momentum: 0.9}\n",
    BASE + "schedule: [{name: cosine, patience: 3}]\n",
    BASE + "schedule: [{name: piecewise, at: [3]}]\n",
    # of what does not go together
    BASE.replace("task: regression", "drop: [price]"),
    BASE.replace("task: regression", "split: {by: time}"),
    BASE.replace("task: regression", "split: {column: day}"),
    BASE.replace("task: regression", "split: {by: time, column: price}"),
    BASE.replace("task: regression", "split: {test: 0.9}"),
    BASE.replace("task: regression", "split: {inner: 3}"),
    BASE.replace("task: regression", "task: regression, split: {by: class}"),
    BASE.replace("name: mse", "name: focal"),
    BASE.replace("name: mse", "name: mse, threshold: tuned"),
    BASE.replace("name: mse", "name: mse, metric: rsme"),
    CLASSES.replace("cross-entropy", "huber"),
    BASE + "optimizer: {name: sgd, momentum: 0, nesterov: true}\n",
    BASE + "schedule: [{name: warm-up, steps: 3, share: 0.1}]\n",
    BASE
    + "schedule:\n  - {name: warm-up, share: 0.6}\n  - {name: cosine, share: 0.6}\n",
    BASE + "schedule: [{name: piecewise, at: [3, 2], factors: [1, 1]}]\n",
    BASE + "regularization: {ema: 0.9, swa: 0.5}\n",
    BASE.replace("task: regression", "split: {validation: 0}")
    + "regularization: {early_stopping: {}}\n",
    BASE.replace("task: regression", "split: {validation: 0}")
    + "schedule: [{name: plateau}]\n",
    BASE + "loop: {epochs: null}\n",
    BASE + "loop: {budget: soon}\n",
    BASE + "loop: {batch_size: 4, accumulate: 8}\n",
    BASE + "precision: {device: gpu}\n",
    BASE + "precision:\n  device: cpu\n  dtype: float16\n",
]
SENTENCES = Path(__file__).parent / "faults.txt"


def test_each_fault_has_its_sentence():
    shown = "\n".join(
        f"{textwrap.indent(text, '    ')}\n{said(text)}\n" for text in FAULTS
    )
    if os.environ.get("WELLFIT_UPDATE_SNAPSHOTS"):
        SENTENCES.write_text(shown, encoding="utf-8")
    assert shown == SENTENCES.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", FAULTS)
def test_a_sentence_is_one_line_and_says_where(text):
    sentence = said(text)
    assert "\n" not in sentence
    assert sentence.startswith("r.yaml")


def test_the_first_fault_in_the_text_is_told():
    text = BASE + "seed: -1\nlopp: 3\n"
    assert "line 3: seed" in said(text)


def test_plain_data_is_checked_without_lines():
    data = {"data": {"source": "a.csv"}, "objective": {"name": "mse"}, "seed": -1}
    with pytest.raises(BadSetting, match=r"^seed must be a whole number"):
        read_plain(data)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_an_optimizer_leaves_out_has_its_usual_value(name):
    optimizer = checked(
        parse_text(BASE + f"optimizer: {{name: {name}}}", name="r")
    ).optimizer
    for key, usual in OPTIMIZERS[name].items():
        assert getattr(optimizer, key) == usual
