"""Hyperparameters beside a log, as facts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from wellfit.logs import settings

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = st.sampled_from(
    ["lr", "learning_rate", "optimizer", "batch_size", "seed", "betas", "x", "name"]
)
TREES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(said=st.dictionaries(NAMES, TREES))
@hypothesis_settings(max_examples=80, deadline=None)
def test_any_settings_become_facts_or_nothing(said: dict[str, Any]) -> None:
    found = settings.facts(settings.flat(said))
    groups = found.get("optimizer", {}).get("groups", [{}])
    assert all(isinstance(value, int | float) for value in groups[0].values())
    json.dumps(found)


@pytest.mark.parametrize(
    ("said", "fact", "wanted"),
    [
        ({"lr": "1e-3"}, "optimizer", {"groups": [{"lr": 0.001}]}),
        ({"lr": "auto"}, "optimizer", None),
        ({"seed": 10**400}, "seeds", None),
        ({"lr": "inf", "epochs": "ten"}, "training", None),
        (
            {"optimizer": {"name": "adam"}},
            "optimizer",
            {"groups": [{}], "kind": "adam"},
        ),
        ({"training.batch-size": 8}, "training", {"batch_size": 8}),
        ({"a": {"lr": 0.2}, "lr": 0.1}, "optimizer", {"groups": [{"lr": 0.1}]}),
        ({"max_grad_norm": 0}, "clipping", None),
        ({"arch": "resnet18"}, "model", {"class": "resnet18"}),
    ],
)
def test_what_people_call_a_setting(said: Any, fact: str, wanted: Any) -> None:
    assert settings.facts(settings.flat(said)).get(fact) == wanted


@pytest.mark.parametrize("name", ["config.yaml", "hparams.json", "args.yaml"])
def test_a_damaged_file_says_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{lr: [0.1, ]]]]")
    assert settings.beside((tmp_path,)) == ({}, [])
