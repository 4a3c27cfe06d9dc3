"""How runs differ: their hyperparameters, their seeds, and what varies among many."""

from typing import Any

import pytest

from wellfit.core.run import Run
from wellfit.rules.variations import hyperparameters, seed_of, varied


def told(**facts: Any) -> dict[str, float | str]:
    return hyperparameters(Run.of(facts=facts))


@pytest.mark.parametrize(
    ("args", "settings"),
    [
        (["--lr", "1e-3", "--wd=0.1"], {"lr": 0.001, "wd": 0.1}),
        (["--weight-decay", "-0.5", "--amp"], {"weight_decay": -0.5, "amp": "true"}),
        (["model.depth=3", "optim=adam"], {"model.depth": 3.0, "optim": "adam"}),
        (["--amp", "--lr", "2", "data.csv"], {"amp": "true", "lr": 2.0}),
        (["--out", "a/b", "--workers=4", "--seed", "3", "--run-name", "x"], {}),
        ([], {}),
    ],
)
def test_arguments_of_a_command(
    args: list[str], settings: dict[str, float | str]
) -> None:
    assert told(command={"args": args}) == settings


def test_what_is_set_deliberately_comes_first() -> None:
    found = told(
        hyperparameters={"lr": 0.1, "net": {"width": 8}},
        command={"args": ["--lr", "0.2", "--depth", "3"]},
        optimizer={"kind": "Adam", "groups": [{"lr": 0.3, "betas": [0.9, 0.99]}]},
        training={"batch_size": 32},
    )
    assert found["lr"] == 0.1
    assert found["net.width"] == 8.0
    assert found["depth"] == 3.0
    assert found["optimizer"] == "Adam"
    assert found["betas"] == "[0.9, 0.99]"
    assert found["batch_size"] == 32.0


def test_the_parameters_of_the_run_s_own_estimator() -> None:
    fits = [
        {"where": None, "parameters": {"C": 1}},
        {"where": ".", "parameters": {"C": 2, "random_state": 7, "missing": "nan"}},
    ]
    run = Run.of(facts={"fits": {"fits": fits}})
    assert hyperparameters(run)["C"] == 2.0
    assert seed_of(run) == "random_state 7.0"


def test_runs_of_different_scripts_do_not_repeat_each_other() -> None:
    assert told(command={"script": "a.py"}) == {"script": "a.py"}


def test_facts_that_are_null_tell_nothing() -> None:
    facts = ("hyperparameters", "command", "fits", "optimizer", "model", "training")
    assert seed_of(Run.of(facts=dict.fromkeys(facts))) is None
    assert set(told(**dict.fromkeys(facts)).values()) <= {"null"}


def test_what_changes_together_is_named_once() -> None:
    settings = [{"lr": r, "optim.lr": r, "width": w} for r in (1, 2) for w in (8, 4)]
    assert varied(settings) == ("lr", "width")  # type: ignore[arg-type]


def test_values_drawn_at_random_are_not_taken_for_one() -> None:
    settings = [{"lr": 0.1, "decay": 3.0}, {"lr": 0.2, "decay": 5.0}]
    assert varied(settings) == ("lr",)
    assert varied([*settings, {"lr": 0.3, "decay": 4.0}]) == ("lr", "decay")


def test_what_few_runs_tell_is_left_out() -> None:
    assert varied([{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.1, "note": "x"}]) == ("lr",)
