"""`wellfit train --show-recipe`, `--set` and recipes: what a user types and sees."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    size = rng.normal(size=150)
    frame = pd.DataFrame(
        {
            "id": range(150),
            "size": size,
            "day": pd.date_range("2020-01-01", periods=150).astype(str),
            "price": 3 * size + 0.1 * rng.normal(size=150),
        }
    )
    frame.to_csv(tmp_path / "houses.csv", index=False)
    return Path("houses.csv")


def test_a_recipe_is_shown_changed_and_shown_again(wellfit, table, tmp_path):
    said = wellfit("train", table, "--target", "price", "--show-recipe")
    assert (said.status, said.err) == (0, "")
    assert "  source: houses.csv\n" in said.out
    assert "identifier  # left out: identifies rows" in said.out
    (tmp_path / "recipe.yaml").write_text(said.out)

    words = ("train", "recipe.yaml", "--show-recipe")
    assert wellfit(*words).out == said.out
    again = wellfit(*words, "--set", "optimizer.lr=0.1", "--seed", "3")
    changed = set(again.out.splitlines()) - set(said.out.splitlines())
    assert changed == {"  lr: 0.1  # as asked", "seed: 3  # as asked"}
    assert not (tmp_path / "wellfit-runs").exists()


def test_flags_are_taken_into_the_recipe_of_a_table_and_of_a_file(
    wellfit, table, tmp_path
):
    flags = (
        "--time",
        "day",
        "--metric",
        "mae",
        "--budget",
        "2m",
        "--kind",
        "id=number",
    )
    said = wellfit("train", table, "--target", "price", "--show-recipe", *flags)
    plain = wellfit("train", table, "--target", "price", "--show-recipe")
    (tmp_path / "recipe.yaml").write_text(plain.out)
    again = wellfit("train", "recipe.yaml", "--show-recipe", *flags)
    for out in (said.out, again.out):
        rows = [row.split("#")[0].strip() for row in out.splitlines()]
        for row in ("by: time", "column: day", "metric: mae", "id: number"):
            assert row in rows
        assert 'budget: "2m"' in rows


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--set", "optimizer.learning_rat=1"], "'learning_rat'; did you mean 'lr'?"),
        (["--set", "optimizer.lr=fast"], "optimizer.lr must be a number above 0"),
        (["--set", "seed"], "--set takes key=value"),
        (["--metric", "rsme"], "did you mean 'rmse'?"),
        (["--seed", "-1"], "--seed -1: seed must be a whole number of at least 0"),
        (["--time", "price"], "--time price: data.split.column names the target"),
    ],
)
def test_what_cannot_be_gets_one_sentence(wellfit, table, tmp_path, words, sentence):
    plain = wellfit("train", table, "--target", "price", "--show-recipe")
    (tmp_path / "recipe.yaml").write_text(plain.out)
    said = wellfit("train", "recipe.yaml", "--show-recipe", *words)
    assert said.status == 2
    assert sentence in said.err
    assert said.err.startswith("wellfit: ")
    assert said.err.count("\n") == 1


def test_a_faulty_line_is_named(wellfit, table, tmp_path):
    plain = wellfit("train", table, "--target", "price", "--show-recipe")
    text = plain.out.replace("  lr: ", "  learning_rat: ")
    (tmp_path / "recipe.yaml").write_text(text)
    line = next(i for i, r in enumerate(text.splitlines(), 1) if "learning_rat" in r)
    said = wellfit("train", "recipe.yaml")
    assert said.err == (
        f"wellfit: recipe.yaml, line {line}: optimizer has no key 'learning_rat'; "
        "did you mean 'lr'?\n"
    )


def test_a_table_needs_a_target(wellfit, table):
    for words in ((), ("--show-recipe",)):
        said = wellfit("train", table, *words)
        assert said.status == 2
        assert said.err == "wellfit: --target must name the column to predict\n"


def test_the_schema_is_printed(wellfit):
    said = wellfit("train", "--schema")
    assert said.status == 0
    assert "optimizer" in json.loads(said.out)["properties"]
