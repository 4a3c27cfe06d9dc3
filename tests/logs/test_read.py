"""What is found at a path, what belongs together, and what is refused."""

import json
import os
import pickle
import shutil
import sqlite3
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from wellfit.core.errors import BadLog, BadRun
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.exporters.tensorboard import TensorBoard
from wellfit.logs import read_logs
from wellfit.record import Recorder
from wellfit.verbs.diagnose import diagnose

FILES = Path(__file__).parent / "files"


class Evil:
    """Makes a folder where it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.place,)


def table(folder: Path, name: str = "log.csv", scale: float = 1.0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{n},{scale / (1 + n)},{2 * scale / (1 + n)}" for n in range(10)]
    path = folder / name
    path.write_text("\n".join(["step,loss,val_loss", *rows]) + "\n")
    return path


def names(runs: tuple[Run, ...]) -> list[str]:
    return sorted(run.facts["log"]["name"] for run in runs)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["log.pkl", "model.pt", "history.json", "log.csv"])
def test_nothing_is_ever_unpickled(name: str, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Evil(tmp_path / "evil"), protocol=protocol))
    with pytest.raises(BadLog) as refused:
        read_logs(path)
    assert str(path) in str(refused.value)
    with pytest.raises(BadLog):
        read_logs(tmp_path)
    assert not (tmp_path / "evil").exists()


def test_a_checkpoint_of_pytorch_is_refused_as_a_pickle(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(Evil(tmp_path / "evil")))
    with pytest.raises(BadLog, match="is a pickle, or holds some"):
        read_logs(path)
    assert not (tmp_path / "evil").exists()


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "experiment.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("messages.json", b"0" * (70 << 20))
    with pytest.raises(BadLog, match="times what it takes"):
        read_logs(path)


def test_yaml_makes_nothing_that_it_names(tmp_path: Path) -> None:
    table(tmp_path)
    evil = f"!!python/object/apply:os.mkdir [{tmp_path / 'evil'}]"
    (tmp_path / "hparams.yaml").write_text(
        f"lr: 0.1\nhook: {evil}\nof: !Own {{a: 1}}\n"
    )
    (run,) = read_logs(tmp_path)
    assert run.facts["optimizer"]["groups"] == [{"lr": 0.1}]
    assert run.facts["hyperparameters"]["of.a"] == 1
    assert not (tmp_path / "evil").exists()


def test_yaml_that_grows_without_end_is_cut_short(tmp_path: Path) -> None:
    table(tmp_path)
    lines = ["a0: &a0 {x: 1, y: 2}"]
    lines += [
        f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}, z: *a{n - 1}}}"
        for n in range(1, 40)
    ]
    (tmp_path / "config.yaml").write_text("\n".join(lines))
    (run,) = read_logs(tmp_path)
    assert len(run.facts["hyperparameters"]) <= 1000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x1f\x8b\x08\x00", "packed with gzip: unpack it first"),
        (b"SQLite format 3\0", "is a database, but none of MLflow's"),
        (bytes(range(256)) * 4, "is binary, and of no form"),
        (b"It was a dark and stormy night.\n", "is text without numbers by step"),
        (b"step,loss\n", "has no numbers in it"),
        (b":W&B", "holds no numbers yet"),
        (b"[" * 100_000, "is text without numbers"),
        (b'{"log_history": []}', "empty log_history"),
    ],
)
def test_what_is_no_log_is_refused(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "something"
    path.write_bytes(content)
    with pytest.raises(BadLog, match=message) as refused:
        read_logs(path)
    assert "\n" not in str(refused.value)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadLog, match="there is nothing at"):
        read_logs(tmp_path / "nothing")


def test_folders_are_trainings_and_parts_of_them_are_not(tmp_path: Path) -> None:
    for name, scale in (("a", 1.0), ("b", 2.0)):
        shutil.copytree(FILES / "tensorflow", tmp_path / name)
        table(tmp_path / f"{name}-table", scale=scale)
    assert names(read_logs(tmp_path)) == ["a", "a-table", "b", "b-table"]


def test_two_logs_in_a_folder_that_contradict_each_other(tmp_path: Path) -> None:
    table(tmp_path, "first.csv", 1.0)
    table(tmp_path, "second.csv", 2.0)
    assert names(read_logs(tmp_path)) == ["first", "second"]


def test_the_same_told_twice_is_one_run(tmp_path: Path) -> None:
    table(tmp_path, "metrics.csv")
    table(tmp_path, "copy.csv")
    (run,) = read_logs(tmp_path)
    assert len(run.signal("loss")) == 10
    assert len(run.facts["log"]["files"]) == 2


def test_settings_beside_a_log_are_facts(tmp_path: Path) -> None:
    table(tmp_path)
    said = {"optim": {"name": "adamw", "lr": 3e-4, "weight_decay": 0.1}, "seed": 7}
    more = {"batch_size": 64, "grad_clip": 1.0, "hub_token": "tulip"}
    (tmp_path / "config.json").write_text(json.dumps(said | more))
    (run,) = read_logs(tmp_path)
    assert run.facts["optimizer"] == {
        "kind": "adamw",
        "groups": [{"lr": 3e-4, "weight_decay": 0.1}],
    }
    assert run.facts["training"]["batch_size"] == 64
    assert run.facts["seeds"] == {"torch": 7}
    assert run.facts["clipping"] == {"kind": "norm", "limit": 1.0}
    assert run.facts["hyperparameters"]["hub_token"] == "***"


def test_wellfit_s_own_runs_are_opened_as_well(tmp_path: Path) -> None:
    with Recorder(tmp_path / "own") as recorder:
        recorder.value("train/loss", 0, 1.0)
    table(tmp_path / "theirs")
    runs = read_logs(tmp_path)
    assert len(runs) == 2
    (run,) = read_logs(tmp_path / "own" / "run.db")
    assert run.signal("loss").last == 1.0


def test_links_and_hidden_folders_are_not_followed(tmp_path: Path) -> None:
    table(tmp_path / "run")
    table(tmp_path / ".hidden", scale=3.0)
    (tmp_path / "run" / "again").symlink_to(tmp_path)
    assert names(read_logs(tmp_path)) == ["run"]


def mlflow_database(path: Path) -> None:
    """The tables that MLflow's SQL store reads and writes, with two runs in them."""
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250),
            status VARCHAR(20), start_time BIGINT, lifecycle_stage VARCHAR(20));
        CREATE TABLE metrics (key VARCHAR(250), value FLOAT, timestamp BIGINT,
            run_uuid VARCHAR(32), step BIGINT DEFAULT 0, is_nan BOOLEAN DEFAULT 0);
        CREATE TABLE params (key VARCHAR(250), value VARCHAR, run_uuid VARCHAR(32));
        CREATE TABLE tags (key VARCHAR(250), value VARCHAR, run_uuid VARCHAR(32));
    """)
    for run in ("first", "second", "gone"):
        stage = "deleted" if run == "gone" else "active"
        db.execute(
            "INSERT INTO runs VALUES (?, ?, 'FINISHED', 0, ?)", (run, run, stage)
        )
        db.execute("INSERT INTO params VALUES ('lr', '0.1', ?)", (run,))
        for n in range(5):
            row = ("train_loss", 1 / (1 + n), n, run, n, 0)
            db.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", row)
    last = [("train_loss", 0, 6, "first", 5, 1), ("val_loss", 1.7976931348623157e308)]
    db.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", last[0])
    db.execute("INSERT INTO metrics VALUES (?, ?, 7, 'first', 6, 0)", last[1])
    db.commit()
    db.close()


def test_a_database_of_mlflow(tmp_path: Path) -> None:
    mlflow_database(tmp_path / "mlflow.db")
    runs = {run.facts["log"]["name"]: run for run in read_logs(tmp_path / "mlflow.db")}
    assert set(runs) == {"first", "second"}
    loss = runs["first"].signal("loss").values
    assert loss[:2].tolist() == [1.0, 0.5]
    assert np.isnan(loss[5])
    assert np.isinf(runs["first"].signal("val/loss").last)
    assert runs["second"].facts["optimizer"]["groups"] == [{"lr": 0.1}]


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("library", ["wandb", "comet", "transformers", "tensorboard"])
def test_a_file_that_was_cut_off_is_read_or_refused(
    library: str, keep: float, tmp_path: Path
) -> None:
    (whole, *_) = sorted(p for p in (FILES / library).rglob("*") if p.is_file())
    path = tmp_path / whole.name
    path.write_bytes(whole.read_bytes()[: int(keep * whole.stat().st_size)])
    try:
        (run,) = read_logs(path)
    except BadLog as error:
        told = str(error)
        assert library == "comet" or keep < 0.5, told  # a zip has its index at the end
    else:
        assert any(len(signal) for signal in run.signals.values())


def test_diagnosing_one_log(tmp_path: Path) -> None:
    rows = [f"{n},{2 * 0.9**n},{1 + abs(n - 6) / 10}" for n in range(40)]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["epoch,loss,val_loss", *rows]))
    assert [f.rule for f in diagnose(path).findings] == ["overfitting"]


def test_diagnosing_what_holds_several(tmp_path: Path) -> None:
    table(tmp_path, "first.csv", 1.0)
    table(tmp_path, "second.csv", 2.0)
    with pytest.raises(BadRun, match="holds 2 runs"):
        diagnose(tmp_path)


def test_a_folder_of_many_runs_takes_seconds(tmp_path: Path) -> None:
    n = np.arange(200)
    for run in range(100):
        rate = 0.002 * (1 + run)
        rows = [f"{s},{v:.5f}" for s, v in zip(n, 2 * np.exp(-rate * n), strict=True)]
        text = "\n".join(["step,train_loss", *rows])
        (tmp_path / f"{run}.csv").write_text(text)
    began = time.process_time()
    assert len(read_logs(tmp_path)) == 100
    assert time.process_time() - began < 10  # 0.5 s, where nothing else runs


def test_what_wellfit_writes_for_tensorboard_comes_back(tmp_path: Path) -> None:
    facts = {"optimizer": {"kind": "SGD", "groups": [{"lr": 0.1}]}}
    places = {"train/grad_norm@0.weight": [3.0, 2.0, 1.0]}
    run = Run.of(places, loss=[2.0, 1.0, 0.5], val_loss={2: 0.75}, facts=facts)
    exporter = TensorBoard(str(tmp_path / "tb"))
    exporter.update(run)
    exporter.finish(run, Diagnosis(), None)
    exporter.close()
    (back,) = read_logs(tmp_path / "tb")
    assert set(back.signals) == set(run.signals)
    for name, signal in run.signals.items():
        assert back.signal(name).values.tolist() == signal.values.tolist()
    assert back.facts["optimizer"]["groups"] == [{"lr": 0.1}]
