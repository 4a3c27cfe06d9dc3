"""`wellfit train` and `wellfit predict`: what a user types, sees and gets."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from wellfit.record import open_run

WELLFIT = [sys.executable, "-m", "wellfit"]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def houses(path: Path, rows: int = 150) -> Path:
    rng = np.random.default_rng(0)
    size = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "id": range(rows),
            "size": size,
            "kind": rng.choice(["hut", "villa"], rows),
            "price": 3 * size + 0.1 * rng.normal(size=rows),
            "sold": np.where(size > 0, "yes", "no"),
        }
    )
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def table(tmp_path):
    return houses(tmp_path / "houses.csv")


def test_a_table_is_trained_on_and_predicted_for(wellfit, table, tmp_path):
    said = wellfit("train", table, "--target", "price", "--drop", "sold")
    assert said.status == 0
    (run,) = (tmp_path / "wellfit-runs").iterdir()
    assert run.name.endswith("-houses")
    for part in ("lightgbm", "trivial", "rmse", "id (identifies", "--kind", "as asked"):
        assert part in said.out
    assert f"wellfit predict wellfit-runs/{run.name} NEW.csv" in said.out
    assert said.err == ""

    said = wellfit("predict", run, table)
    lines = said.out.splitlines()
    assert lines[0] == "prediction"
    assert len(lines) == 151
    said = wellfit("predict", run / "model", table, "--out", "predicted.csv")
    assert said.out == ""
    assert (tmp_path / "predicted.csv").read_text().splitlines() == lines


def test_json_and_quiet(wellfit, table, tmp_path):
    words = ("train", table, "--target", "sold", "--drop", "price", "--quiet")
    said = wellfit(*words, "--out", "one", "--json", "-", "--seed", 3)
    assert said.err == ""
    assert json.loads(said.out)["task"] == "classification"
    assert open_run(tmp_path / "one").facts["seeds"]["numpy"] == 3
    wellfit(*words, "--out", "two", "--json", "result.json")
    assert json.loads((tmp_path / "result.json").read_text())["run"].endswith("two")


def test_with_json_on_standard_output_the_summary_is_on_the_other(wellfit, table):
    said = wellfit("train", table, "--target", "price", "--out", "one", "--json", "-")
    json.loads(said.out)
    assert "on test" in said.err


def test_fail_on_and_ignore(wellfit, table):
    words = ("train", table, "--target", "sold", "--quiet", "--fail-on", "warning")
    leaking = wellfit(*words, "--out", "one")
    assert leaking.status == 10
    said = wellfit(*words, "--out", "two", "--json", "-", "--ignore", "target-leakage")
    assert "target-leakage" not in {f["rule"] for f in json.loads(said.out)["findings"]}


def test_kinds_are_overruled(wellfit, table):
    words = ("train", table, "--target", "price", "--out", "one")
    said = wellfit(*words, "--kind", "id=category", "--kind", "kind=text")
    assert said.status == 0
    assert "kind (free text)" in said.out
    assert "id (identifies" not in said.out


FAULTS = {
    "missing": (None, "there is no such file"),
    "empty": ("", "is empty"),
    "header only": ("a,price\n", "no rows"),
    "one column": ("price\n1\n2\n", "one column"),
    "duplicates": ("price,a,a\n1,2,3\n", "called 'a'"),
    "no target": ("a,prices\n" + "1,2\n" * 30, "did you mean 'prices'"),
    "constant target": ("a,price\n" + "1,2\n2,2\n" * 30, "2 in every row"),
    "no values": ("a,price\n" + "1,\n2,\n" * 30, "missing in all 60 rows"),
    "NUL bytes": ("a,price\n1,\0\n", "NUL bytes"),
    "few rows": ("a,price\n1,2\n2,3.5\n", "at least 20"),
    "nothing to learn": ("a,price\n" + "1,2\n1,3\n" * 30, "no column to learn from"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_table_gets_one_sentence_and_status_2(wellfit, tmp_path, name):
    content, part = FAULTS[name]
    if content is not None:
        (tmp_path / "t.csv").write_text(content)
    said = wellfit("train", "t.csv", "--target", "price")
    assert said.status == 2
    assert part in said.err
    assert said.err.startswith("wellfit: ")
    assert said.err.count("\n") == 1
    assert not said.out
    assert not (tmp_path / "wellfit-runs").exists()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--kind", "size"], "--kind must be COL=KIND; got 'size'"),
        (["--kind", "size=big"], "got 'big'"),
        (["--budget", "soon"], "got 'soon'"),
        (["--metric", "acuracy"], "no metric of regression 'acuracy'"),
        (["--task", "ranking"], "got 'ranking'"),
        (["--time", "wen"], "no column 'wen'"),
        (["--ignore", "overfiting"], "did you mean 'overfitting'"),
    ],
)
def test_misuse_gets_one_sentence_and_status_2(wellfit, table, words, part):
    said = wellfit("train", table, "--target", "price", *words)
    assert said.status == 2
    assert part in said.err
    assert said.err.count("\n") == 1


def test_predicting_with_faulty_things_gets_one_sentence(wellfit, table, tmp_path):
    assert "no model at" in wellfit("predict", "nowhere", table).err
    wellfit("train", table, "--target", "price", "--quiet", "--out", "one")
    (tmp_path / "new.csv").write_text("sizes,kind\n1,hut\n2,hut\n")
    said = wellfit("predict", "one", "new.csv")
    assert said.status == 2
    assert "lacks the column 'size'" in said.err
    said = wellfit("predict", "one", table, "--out", "no/such/folder.csv")
    assert said.status == 2
    assert "--out must be a file" in said.err


def test_ctrl_c_goes_on_with_what_is_done(tmp_path):
    process, run = begun(tmp_path, until="mlp")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "interrupted while mlp was fitted" in out
    assert "Traceback" not in out + err
    assert (run / "model" / "model.json").exists()


def test_ctrl_c_before_anything_is_done_ends_with_130(tmp_path):
    process, run = begun(tmp_path, until="trivial")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    if process.returncode == 0:
        pytest.skip("the linear model was fitted before the signal came")
    assert process.returncode == 130
    assert "interrupted before a model was trained" in err
    assert "Traceback" not in out + err
    assert open_run(run).facts["outcome"]["interrupted"]


def begun(folder: Path, *, until: str) -> "tuple[subprocess.Popen[str], Path]":
    """A training in a process of its own, in which that candidate has begun."""
    table = houses(folder / "houses.csv", rows=20_000)
    words = ["train", str(table), "--target", "price", "--out", "run"]
    process = subprocess.Popen(
        [*WELLFIT, *words],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    run = folder / "run"
    while not (run / "trials" / until / "run.db").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process, run
