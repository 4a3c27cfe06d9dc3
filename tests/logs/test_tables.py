"""Tables of numbers, histories in JSON, JSON lines: whatever counts their rows."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wellfit.core.errors import WellfitError
from wellfit.core.run import Run
from wellfit.logs import read_logs

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def write(folder: Path, text: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def only(path: Path) -> Run:
    (run,) = read_logs(path)
    return run


def log(run: Run) -> Any:
    return run.facts["log"]


@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20),
    sign=st.sampled_from(",;\t|"),
)
@settings(max_examples=40, deadline=None)
def test_numbers_of_a_table_come_back(
    rows: list[tuple[float, float]], sign: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("table") / "log.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=sign)
        writer.writerow(["step", "train_loss", "lr"])
        writer.writerows([n, repr(a), repr(b)] for n, (a, b) in enumerate(rows))
    run = only(path)
    for name, column in (("loss", 0), ("learning_rate", 1)):
        wanted = np.array([row[column] for row in rows])
        found = run.signal(name)
        if not np.isnan(wanted).any():  # they may stand for gaps
            np.testing.assert_array_equal(found.values, wanted)
            assert found.steps.tolist() == list(range(len(rows)))


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["step", "loss", "val_loss", "x"]), NUMBERS),
        min_size=2,
    )
)
@settings(max_examples=40, deadline=None)
def test_any_objects_a_line_are_read_or_refused(
    rows: list[dict[str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = "\n".join(json.dumps(row) for row in rows)
    path = write(tmp_path_factory.mktemp("lines"), text, "log.jsonl")
    try:
        runs = read_logs(path)
    except WellfitError:
        return
    seen = [signal for run in runs for signal in run.signals.values()]
    assert all((np.diff(signal.steps) > 0).all() for signal in seen)


@given(raw=st.binary(max_size=600))
@settings(max_examples=120, deadline=None)
def test_garbage_is_refused_in_one_sentence(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("garbage") / "log"
    path.write_bytes(raw)
    told = ""
    try:
        read_logs(path)
    except WellfitError as error:
        told = str(error)
    assert "\n" not in told
    assert not told or str(path) in told


TEXTS = st.text(
    st.sampled_from("0123456789.,;:=-+/[](){}'\"\n\t |%eEnaifstploxv_#\r\b"),
    max_size=300,
)


@given(text=TEXTS)
@settings(max_examples=120, deadline=None)
def test_text_of_any_shape_is_read_or_refused(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.mktemp("text"), text, "log.txt")
    told = str(path)
    try:
        read_logs(path)
    except WellfitError as error:
        told = str(error)
    assert str(path) in told


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("step,loss,val_loss", {"train/loss": "loss", "val/loss": "val_loss"}),
        (
            "iter;Train Loss;Val Acc",
            {"train/loss": "Train Loss", "val/accuracy": "Val Acc"},
        ),
        ("epoch\ttrain/acc\tvalid/acc", {"val/accuracy": "valid/acc"}),
        ("global_step,Loss/train,lr-Adam", {"train/learning_rate": "lr-Adam"}),
        ("step,loss,my metric", {"train/my_metric": "my metric"}),
    ],
)
def test_columns_are_guessed_and_told(
    header: str, taken: dict[str, str], tmp_path: Path
) -> None:
    sign = next(s for s in ";\t," if s in header)
    rows = [sign.join([str(n), f"0.{9 - n}", f"0.{n}"]) for n in range(9)]
    run = only(write(tmp_path, "\n".join([header, *rows])))
    assert taken.items() <= log(run)["taken"].items()
    assert taken.items() <= run.facts["metrics"].items()


def test_gaps_filled_with_nan_are_no_broken_losses(tmp_path: Path) -> None:
    rows = ["step,loss,val_loss"]
    rows += [f"{n},{1 / (1 + n)},{0.5 if n % 5 == 4 else 'nan'}" for n in range(20)]
    run = only(write(tmp_path, "\n".join(rows)))
    assert len(run.signal("val/loss")) == 4
    assert any("gaps" in note for note in log(run)["notes"])


def test_a_loss_that_broke_stays_broken(tmp_path: Path) -> None:
    rows = ["step,loss", *(f"{n},{'NaN' if n > 5 else 1.0}" for n in range(20))]
    loss = only(write(tmp_path, "\n".join(rows))).signal("loss")
    assert np.isnan(loss.values).tolist() == [n > 5 for n in range(20)]


def test_batches_that_count_within_an_epoch_are_counted_on(tmp_path: Path) -> None:
    rows = [f"{e},{b},{1 / (1 + 10 * e + b)}" for e in range(3) for b in range(10)]
    run = only(write(tmp_path, "\n".join(["epoch,batch,loss", *rows])))
    assert run.signal("loss").steps.tolist() == list(range(30))
    assert log(run)["step_unit"] == "step"
    assert run.facts["training"]["epochs"] == 3


def test_steps_that_go_back_are_redone(tmp_path: Path) -> None:
    steps = [*range(10), *range(5, 12)]
    rows = [f"{s},{place}" for place, s in enumerate(steps)]
    run = only(write(tmp_path, "\n".join(["step,loss", *rows])))
    loss = run.signal("loss")
    assert loss.steps.tolist() == list(range(12))
    assert loss.values.tolist() == [*range(5), *range(10, 17)]
    assert log(run)["restarts"] == 1
    assert any("go back" in note for note in log(run)["notes"])


def test_two_trainings_in_one_file_are_two_runs(tmp_path: Path) -> None:
    course = [f"{n},{2 / (1 + n)}" for n in range(10)]
    runs = read_logs(write(tmp_path, "\n".join(["step,loss", *course, *course])))
    assert [len(run.signal("loss")) for run in runs] == [10, 10]
    assert [run.facts["log"]["name"] for run in runs] == ["log#1", "log#2"]


def test_a_count_that_begins_again_while_the_loss_goes_on(tmp_path: Path) -> None:
    rows = [f"{n % 10},{2 / (1 + n)}" for n in range(30)]
    run = only(write(tmp_path, "\n".join(["iter,loss", *rows])))
    assert run.signal("loss").steps.tolist() == list(range(30))


@pytest.mark.parametrize("rows", [1, 2])
def test_a_point_or_two_are_read(rows: int, tmp_path: Path) -> None:
    text = "\n".join(["epoch,loss,val_loss", *["0,1.0,2.0", "1,0.5,1.5"][:rows]])
    run = only(write(tmp_path, text))
    assert len(run.signal("loss")) == rows


def test_a_table_that_was_cut_off(tmp_path: Path) -> None:
    text = "step,loss,val_loss\n0,1.0,1.5\n1,0.75,1.25\n2,0.5"
    run = only(write(tmp_path, text))
    assert run.signal("loss").values.tolist() == [1.0, 0.75]  # 0.5 may be 0.58


def test_files_of_two_phases_are_one_run(tmp_path: Path) -> None:
    for name, start in (("train", 1.0), ("val", 2.0)):
        rows = [f"{n},{start / (1 + n)}" for n in range(8)]
        write(tmp_path, "\n".join(["epoch,loss", *rows]), f"{name}.csv")
    run = only(tmp_path)
    assert run.signal("train/loss").values[0] == 1.0
    assert run.signal("val/loss").values[0] == 2.0


def test_a_batch_s_loss_is_told_from_an_evaluation_of_training_rows(
    tmp_path: Path,
) -> None:
    rows = ["global_step,loss,train/loss,validation/loss"]
    for n in range(100):
        seen = f"{1 / (2 + n)},{2 / (1 + n)}" if n % 10 == 9 else ","
        rows.append(f"{n},{1 / (1 + n)},{seen}")
    run = only(write(tmp_path, "\n".join(rows)))
    assert len(run.signal("train/loss")) == 100
    assert len(run.signal("train/eval_loss")) == len(run.signal("val/loss")) == 10


def test_data_are_no_log(tmp_path: Path) -> None:
    write(tmp_path, "rooms,area,price\n3,70,200\n4,90,300\n2,40,120\n", "houses.csv")
    write(tmp_path, "# A project\n\nIt has 3 parts: 1, 2 and 3.\n", "README.txt")
    write(tmp_path, '{"hidden": 32, "lr": 0.1}', "config.json")
    with pytest.raises(
        WellfitError, match=r"no log of a training in .*looked at 3 files"
    ):
        read_logs(tmp_path)


def test_percent_becomes_a_share_and_is_told(tmp_path: Path) -> None:
    rows = ["epoch,val_acc", *(f"{n},{50 + n}" for n in range(9))]
    run = only(write(tmp_path, "\n".join(rows)))
    assert run.signal("val/accuracy").values[0] == 0.5
    assert any("percent" in note for note in log(run)["notes"])


def test_test_rows_scored_along_the_way_serve_as_validation(tmp_path: Path) -> None:
    rows = [
        "epoch,train_loss,test_loss",
        *(f"{n},{1 - n / 9},{2 - n / 9}" for n in range(9)),
    ]
    run = only(write(tmp_path, "\n".join(rows)))
    assert run.signal("val/loss").values[0] == 2.0


@pytest.mark.parametrize(
    "text",
    [
        '{"loss": [0.9, 0.5, NaN], "val_loss": [1.0, 0.75, 0.5]}',
        '{"history": {"loss": [0.9, 0.5, NaN], "val_loss": [1.0, 0.75, 0.5]}}',
        '{"loss": {"0": 0.9, "1": 0.5}, "val_loss": {"0": 1.0, "1": 0.75, "2": 0.5}}',
        (
            '[{"loss": 0.9, "val_loss": 1}, {"loss": 0.5, "val_loss": 0.75},'
            ' {"val_loss": 0.5}]'
        ),
        '{"loss": [0.9, 0.5, NaN], "val_loss": [1.0, 0.75, 0.5, 0.',
    ],
)
def test_histories_in_json(text: str, tmp_path: Path) -> None:
    run = only(write(tmp_path, text, "history.json"))
    assert run.signal("val/loss").values.tolist() == [1.0, 0.75, 0.5]
    known = run.signal("train/loss").values
    assert known[:2].tolist() == [0.9, 0.5]
    assert len(known) == 2 or math.isnan(known[2])
