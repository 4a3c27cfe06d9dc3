"""Tables that are larger than memory: the same outcome, from files."""

import numpy as np
import pandas as pd
import pytest
import torch

from wellfit.core.errors import BadSetting
from wellfit.data import table
from wellfit.data.sampled import Sampled
from wellfit.trainer import large
from wellfit.trainer.room import Room, bytes_of
from wellfit.verbs.predict import predict
from wellfit.verbs.train import train

SHORT = (
    "model.name=mlp", "loop.epochs=3", "model.params.hidden=[16]",
    "precision.device=cpu",
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def people(rows=6000, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=rows).round(4),
            "age": rng.integers(1, 90, rows),
            "town": rng.choice([f"town {i}" for i in range(60)], rows),
            "when": rng.choice(["2024-01-05", "2023-07-01", "2022-02-02"], rows),
        }
    )
    frame.loc[rng.random(rows) < 0.1, "size"] = np.nan
    score = frame["size"].fillna(0) + frame["age"] / 40 + rng.normal(size=rows)
    frame["rich"] = np.where(score > 1.5, "yes", "no")
    frame.loc[rng.random(rows) < 0.05, "rich"] = None
    return frame.assign(wealth=score.round(3))


def by_chunks(monkeypatch, count):
    """The table is taken for one that finds no room; `count` rows are sampled."""
    monkeypatch.setattr(large, "SMALL", 0)
    monkeypatch.setattr(large, "rows_of", lambda stream: 10**9)
    monkeypatch.setattr(large, "_sampled_rows", lambda *_, **__: count)


BY_TARGET = ("data.prepare.categories.beyond=target",)


@pytest.mark.parametrize(
    ("target", "form", "more"),
    [
        pytest.param(target, form, more, marks=() if often else pytest.mark.slow)
        for target, form, often in (
            ("rich", "csv", True),
            ("wealth", "parquet", True),
            ("rich", "parquet", False),
            ("wealth", "csv", False),
        )
        for more, often in (((), often), (BY_TARGET, False))
    ],
)
def test_chunks_give_the_same_weights_as_the_table_read_whole(
    tmp_path, monkeypatch, target, form, more
):
    path = tmp_path / f"people.{form}"
    getattr(people(), f"to_{form}")(path, index=False)
    drop = ["wealth" if target == "rich" else "rich"]
    said = {"target": target, "asked": (*SHORT, *more), "drop": drop}
    monkeypatch.setattr(table, "LARGE", 0)  # read by Arrow, as all large files are
    whole = train(path, out=tmp_path / "whole", **said)
    by_chunks(monkeypatch, 10**8)
    monkeypatch.setattr(Sampled, "whole", property(lambda self: False))
    chunked = train(path, out=tmp_path / "chunked", **said)
    files = "mlp.safetensors", "preparation.json"
    for name in files:
        one, other = (run.result.path / name for run in (whole, chunked))
        assert one.read_bytes() == other.read_bytes()
    assert chunked.result.test == pytest.approx(whole.result.test, abs=1e-12)
    assert chunked.result.chosen.validation == whole.result.chosen.validation
    assert not (tmp_path / "chunked" / "rows").exists()


def test_a_network_is_trained_on_all_rows_and_says_what_was_sampled(
    tmp_path, monkeypatch
):
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False)
    by_chunks(monkeypatch, 1500)
    trained = train(
        path, target="rich", asked=SHORT, drop=["wealth"], out=tmp_path / "run"
    )
    assert any("a sample of 1,500 of its 6,000 rows" in n for n in trained.result.notes)
    batches = -(-3420 // trained.recipe.loop.batch_size)  # of 60 % of 95 % of the rows
    assert trained.run.facts["training"]["steps"] == pytest.approx(3 * batches, abs=9)
    assert trained.result.test["accuracy"] > trained.result.trivial["accuracy"]
    assert len(predict(tmp_path / "run", path)) == 6000
    split = trained.study.parts.split
    assert trained.run.facts["data"]["rows"] == 6000
    assert trained.run.facts["data"]["sampled"] == 1500
    assert len(split.train) < 1000


def test_a_contest_is_held_on_the_sample(tmp_path, monkeypatch):
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False)
    by_chunks(monkeypatch, 1500)
    trained = train(path, target="wealth", budget=5, out=tmp_path / "run")
    assert any("a sample of 1,500 of its 6,000 rows" in n for n in trained.result.notes)
    assert trained.run.facts["data"]["rows"] == 6000
    assert trained.result.test["rmse"] < trained.result.trivial["rmse"]


def test_classes_and_levels_that_the_sample_misses_are_known_and_rare(
    tmp_path, monkeypatch
):
    frame = people().drop(columns="wealth")
    frame.loc[[10, 3000, 5990], "rich"] = "very"
    frame.loc[[20, 4000], "town"] = "elsewhere"
    frame.to_csv(tmp_path / "people.csv", index=False)
    by_chunks(monkeypatch, 1200)
    trained = train(
        tmp_path / "people.csv", target="rich", asked=SHORT, out=tmp_path / "run"
    )
    assert trained.model.classes == ("no", "very", "yes")
    assert len(trained.predict(frame)) == 6000


def test_folds_of_a_table_by_chunks(tmp_path, monkeypatch):
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False)
    by_chunks(monkeypatch, 1500)
    trained = train(
        path,
        target="rich",
        asked=(*SHORT, "data.split.folds=3"),
        drop=["wealth"],
        out=tmp_path / "run",
    )
    assert trained.result.test["accuracy"] > trained.result.trivial["accuracy"]
    assert len(trained.run.facts["folds"]["folds"]) == 3


def test_memory_too_small_is_told_with_what_would_do(tmp_path):
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False)
    with pytest.raises(BadSetting, match=r"100M of memory do not hold .* --memory \d"):
        train(path, target="rich", memory="100M", out=tmp_path / "run")


@pytest.mark.parametrize("memory", ["", "4 apples", "-1G", "0", 0, "G"])
def test_what_is_no_amount_of_memory_is_told(memory, tmp_path):
    with pytest.raises(BadSetting, match="such as 800M or 4G"):
        bytes_of(memory)


def test_without_a_limit_it_is_what_is_free_less_a_reserve():
    room = Room.of(None)
    assert not room.asked
    assert 2**27 < room.limit < 2**44
