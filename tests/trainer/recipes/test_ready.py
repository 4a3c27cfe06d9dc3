"""A recipe's data, ready to be trained on."""

import numpy as np
import pandas as pd
import pytest

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.data.table import read_table
from wellfit.trainer.recipes import read_plain
from wellfit.trainer.recipes.overrides import parse_override
from wellfit.trainer.recipes.propose import recipe_for
from wellfit.trainer.recipes.ready import ready
from wellfit.trainer.study import Settings, study


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    size = rng.normal(size=400)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(400) < 0.1, np.nan, size),
            "age": size + rng.normal(size=400),
            "zip": rng.choice([f"zip {i}" for i in range(9)], 400),
            "day": pd.date_range("2020-01-01", periods=400).astype(str),
            "price": 3 * size + rng.normal(size=400),
            "sold": np.where(size > 0.5, "yes", "no"),
        }
    )
    path = tmp_path / "houses.csv"
    frame.to_csv(path, index=False)
    return path


def made(path, *pairs, target="price", drop=("sold",), **how):
    recipe = recipe_for(path, target=target, drop=drop, **how)
    asked = [parse_override(pair) for pair in pairs]
    changed = read_plain(recipe.to_json(), asked=asked)
    return ready(changed, folder=path.parent)


def test_a_recipe_as_written_splits_as_a_bare_training_does(table):
    found = made(table)
    plain = study(read_table(table), Settings(target="price", drop=["sold"]))
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(
            getattr(found.parts.split, part), getattr(plain.parts.split, part)
        )
    assert found.metric.name == "rmse"
    assert found.folds == ()


def test_its_preparation_is_as_the_recipe_says(table):
    found = made(
        table,
        "data.prepare.scaling=min-max",
        "data.prepare.imputation=iterative",
        "data.prepare.crosses=[[size, age]]",
        "data.prepare.categories={rare: 1, most: 3, beyond: target}",
    )
    names = found.parts.preparation.apply(found.parts.frame, "dense").names
    assert {"size × age", "zip", "zip is missing"} <= set(names)
    x = found.parts.rows("train", "dense").x
    assert np.isfinite(x).all()
    assert found.parts.preparation.imputer is not None


def test_sizes_and_ways_of_splitting_are_as_the_recipe_says(table):
    found = made(table, "data.split={by: random, validation: 0.1, test: 0.3}")
    assert [len(found.parts.split.validation), len(found.parts.split.test)] == [40, 120]
    found = made(table, "data.split={by: time, column: day}")
    split = found.parts.split
    assert split.train.max() < split.validation.min() < split.test.min()
    found = made(table, "data.split={by: group, column: zip}")
    assert "zip" not in found.parts.kinds


def test_each_fold_is_prepared_from_its_own_training_rows(table):
    found = made(table, "data.split={by: random, folds: 4, inner: 2}")
    assert [len(inner) for _, inner in found.folds] == [2, 2, 2, 2]
    outer, inner = found.folds[0]
    learnt = {
        found.parts_of(split).preparation.columns[0].center for split in (outer, *inner)
    }
    assert len(learnt) == 3


def test_a_table_of_the_users_own_is_made_by_its_factory(table, tmp_path):
    (tmp_path / "own_table_of_a_test.py").write_text(
        "import pandas as pd\n\ndef load():\n"
        f"    return pd.read_csv({str(table)!r}).head(200)\n"
    )
    found = made(table, "data.source=own_table_of_a_test:load")
    assert len(found.parts.frame) == 200


@pytest.mark.parametrize(
    ("pair", "error", "said"),
    [
        ("data.split={by: class}", BadSetting, "needs classes"),
        ("data.split={by: time, column: zip}", BadSetting, "'zip' is category"),
        ("data.split={by: time, column: dya}", UnknownName, "did you mean 'day'"),
        ("data.prepare.polynomials={agee: 2}", UnknownName, "did you mean 'age'"),
        ("data.kinds={agee: number}", UnknownName, "did you mean 'age'"),
        ("data.target=prize", UnknownName, "did you mean 'price'"),
        ("data.target=null", BadSetting, "data.target must name the column"),
        ("data.source=nothing_here:load", BadSetting, "no module 'nothing_here'"),
    ],
)
def test_what_the_table_does_not_have_is_told(table, pair, error, said):
    with pytest.raises(error, match=said):
        made(table, pair, "data.task=null")
