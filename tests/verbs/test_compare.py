"""Runs side by side."""

from wellfit.core.run import Run
from wellfit.verbs.compare import compare


def rows(*runs: Run) -> dict[str, tuple]:
    return {row.name: row.values for row in compare(runs)}


def test_settings_and_results_stand_side_by_side():
    first = Run.of(
        loss=[2.0, 1.0],
        val_loss={1: 0.5, 2: 0.7},
        facts={
            "command": {"script": "train.py", "args": ["--lr", "0.1"]},
            "optimizer": {"kind": "SGD", "groups": [{"lr": 0.1}]},
        },
    )
    second = Run.of(loss=[2.0, 1.5, 1.2], val_accuracy={3: 0.9})
    assert rows(first, second) == {
        "command": ("train.py --lr 0.1", None),
        "ended": ("unfinished", "unfinished"),
        "optimizer": ("SGD", None),
        "learning rate": (0.1, None),
        "steps": (2, 3),
        "best val/loss": (0.5, None),
        "train/loss": (1.0, 1.2),
        "val/loss": (0.7, None),
        "val/accuracy": (None, 0.9),
    }


def test_places_and_inputs_are_no_results():
    run = Run.of({"grad_norm@fc1": [1.0], "input_mean": [0.0], "recall@cat": [0.5]})
    assert rows(run).keys() == {"ended", "steps"}


def test_what_is_not_known_or_not_finite_has_no_row():
    run = Run.of(
        val_loss={1: float("nan")},
        facts={
            "optimizer": {"groups": []},
            "training": {},
            "objective": None,
            "command": {},
        },
    )
    assert rows(run).keys() == {"ended", "steps", "val/loss"}


def test_nothing_to_compare_gives_no_rows():
    assert compare([]) == ()
