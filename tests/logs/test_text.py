"""Logs as people and tools print them."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from wellfit.core.run import Run
from wellfit.logs import read_logs


class Told(NamedTuple):
    """What a log must be read as."""

    lines: list[str]
    unit: str
    signals: dict[str, tuple[int, int, float]]  # count, last step, last value


def per_epoch(of: int, *lines: str) -> list[str]:
    """The lines of each epoch, with `{e}` and the losses 2 / (1 + e), 2.5 / (1 + e)."""
    return [
        line.format(e=e, loss=2 / (1 + e), val=2.5 / (1 + e), acc=50 + e)
        for e in range(of)
        for line in lines
    ]


def batches(
    line: str, of: int, every: int, epochs: int = 2, first: int = 0
) -> list[str]:
    return [
        line.format(e=e, b=b, loss=2 / (1 + e + b / of), share=100 * b // of)
        for e in range(first, first + epochs)
        for b in range(0, of, every)
    ]


LOGS = {
    "nanogpt": Told(
        [
            line
            for n in range(0, 1001, 10)
            for line in (
                [f"step {n}: train loss {3 / (1 + n):.4f}, val loss {4 / (1 + n):.4f}"]
                if n % 250 == 0
                else []
            )
            + [f"iter {n}: loss {2 / (1 + n):.4f}, time 12.34ms, mfu 3.10%"]
        ],
        "step",
        {"train/loss": (101, 1000, 0.002), "train/eval_loss": (5, 1000, 0.003)}
        | {"val/loss": (5, 1000, 0.004)},
    ),
    "imagenet": Told(
        [
            *batches(
                "Epoch: [{e}][{b:3d}/100]\tTime 0.1 (0.2)\tLoss {loss:.4e} (9)", 100, 10
            ),
            "Test: [ 0/20]\tLoss 1.5 (1.25)\tAcc@1 50.00 (48.00)",
            " * Acc@1 49.500 Acc@5 70.000",
        ],
        "step",
        {"train/loss": (20, 190, 2 / 2.9), "test/loss": (1, 190, 1.25)},
    ),
    "mnist": Told(
        [
            *batches(
                "Train Epoch: {e} [{b}/60000 ({share}%)]\tLoss: {loss:.6f}", 60000, 6000
            ),
            "Test set: Average loss: 0.0625, Accuracy: 9843/10000 (98%)",
        ],
        "row",
        {"train/loss": (20, 19, 2 / 2.9), "test/accuracy": (1, 20, 0.9843)},
    ),
    "keras": Told(
        per_epoch(
            5,
            "Epoch {e}/5",
            "10/40 [=>...] - ETA: 1s - loss: 9.0\r40/40 [====] - loss: {loss} - "
            "accuracy: 0.5 - val_loss: {val}",
        ),
        "step",
        {"train/loss": (10, 200, 0.4), "val/loss": (5, 200, 0.5)},
    ),
    "transformers": Told(
        [f"{{'loss': {1 / (1 + n)}, 'epoch': {n / 4}}}" for n in range(20)]
        + ["{'eval_loss': 0.5, 'eval_runtime': 1.5, 'epoch': 5.0}"],
        "row",
        {"train/loss": (20, 19, 0.05), "val/loss": (1, 20, 0.5)},
    ),
    "lightgbm": Told(
        ["[LightGBM] [Info] Number of data points in the train set: 100"]
        + [
            f"[{n}]\ttraining's l2: {1 / n}\tvalid_1's l2: {2 / n}"
            for n in range(1, 51)
        ]
        + [
            "Early stopping, best iteration is:",
            "[40]\ttraining's l2: 9\tvalid_1's l2: 9",
        ],
        "round",
        {"train/loss": (50, 50, 0.02), "val/loss": (50, 50, 0.04)},
    ),
    "xgboost": Told(
        [
            f"[{n}]\tvalidation_0-rmse:{1 / (1 + n)}\tvalidation_1-rmse:{2 / (1 + n)}"
            for n in range(20)
        ],
        "round",
        {
            "train/rmse": (20, 19, 0.05),
            "val/rmse": (20, 19, 0.1),
            "val/loss": (20, 19, 0.1),
        },
    ),
    "catboost": Told(
        [
            f"{n}:\tlearn: {1 / (1 + n)}\ttest: {2 / (1 + n)}\tbest: 0.1 (3)"
            for n in range(20)
        ],
        "round",
        {"train/loss": (20, 19, 0.05), "val/loss": (20, 19, 0.1)},
    ),
    "steps of epochs": Told(
        batches("Epoch [{e}/5], Step [{b}/600], Loss: {loss:.6f}", 600, 100, first=1),
        "step",
        {"train/loss": (12, 1100, 2 / (3 + 500 / 600))},
    ),
    "bars": Told(
        per_epoch(
            8, "Epoch {e:3d} | train loss: {loss:.6f} | val loss: {val:.6f} | 3.5s"
        ),
        "epoch",
        {"train/loss": (8, 7, 0.25), "val/loss": (8, 7, 0.3125)},
    ),
    "logging": Told(
        per_epoch(
            8,
            "2026-03-01 12:00:00,123 INFO train.py:45 - epoch={e} train_loss={loss}",
            "2026-03-01 12:00:01,456 INFO eval.py:7 - epoch={e} val_loss={val:.6f}",
        ),
        "epoch",
        {"train/loss": (8, 7, 0.25), "val/loss": (8, 7, 0.3125)},
    ),
    "words before": Told(
        per_epoch(
            8,
            "Epoch {e}",
            "Training loss: {loss}, accuracy: 0.5",
            "Validation loss: {val}, accuracy: 0.4",
        ),
        "epoch",
        {"train/loss": (8, 7, 0.25), "val/loss": (8, 7, 0.3125)}
        | {"val/accuracy": (8, 7, 0.4), "train/accuracy": (8, 7, 0.5)},
    ),
    "nothing but a loss": Told(
        [f"loss {1 / (1 + n)}" for n in range(20)],
        "row",
        {"train/loss": (20, 19, 0.05)},
    ),
    "broken": Told(
        [f"step {n} loss {1 / (1 + n) if n < 9 else 'nan'}" for n in range(20)],
        "step",
        {"train/loss": (20, 19, np.nan)},
    ),
}


def read(told: Told, folder: Path, ending: str = "\n") -> tuple[Run, ...]:
    path = folder / "train.out"
    path.write_text("\n".join(told.lines) + ending, encoding="utf-8")
    return read_logs(path)


@pytest.mark.parametrize("name", LOGS)
def test_what_is_printed_is_read(name: str, tmp_path: Path) -> None:
    told = LOGS[name]
    (run,) = read(told, tmp_path)
    assert run.facts["log"]["step_unit"] == told.unit
    for signal, (count, step, value) in told.signals.items():
        seen = run.signal(signal)
        assert (len(seen), int(seen.steps[-1])) == (count, step), signal
        np.testing.assert_allclose(seen.last, value, rtol=1e-3)
        assert (np.diff(seen.steps) > 0).all()


@pytest.mark.parametrize("name", LOGS)
def test_it_is_found_in_a_folder(name: str, tmp_path: Path) -> None:
    read(LOGS[name], tmp_path)
    if name == "nothing but a loss":  # too little for a file that nobody named
        return
    (run,) = read_logs(tmp_path)
    assert "train/loss" in run


@pytest.mark.parametrize("name", LOGS)
def test_a_line_that_was_cut_off_does_no_harm(name: str, tmp_path: Path) -> None:
    told = LOGS[name]
    half = told.lines[-2][: len(told.lines[-2]) // 2]
    (run,) = read(told._replace(lines=[*told.lines[:-1], half]), tmp_path, "")
    assert len(run.signal("train/loss")) > 3


def test_colours_and_other_escapes_are_no_part_of_it(tmp_path: Path) -> None:
    lines = [
        f"\x1b[32mstep {n}\x1b[0m loss=\x1b[1m{1 / (1 + n)}\x1b[0m" for n in range(9)
    ]
    (run,) = read(Told(lines, "step", {}), tmp_path)
    assert len(run.signal("loss")) == 9


def facts(run: Run) -> Any:
    return run.facts


def test_boosters_have_no_gradients(tmp_path: Path) -> None:
    (run,) = read(LOGS["xgboost"], tmp_path)
    assert facts(run)["model"]["gradients"] is False
    assert any("validation_0" in note for note in facts(run)["log"]["notes"])


def test_the_round_that_a_booster_kept_is_a_fact(tmp_path: Path) -> None:
    (run,) = read(LOGS["lightgbm"], tmp_path)
    assert facts(run)["training"]["kept"] == 40
