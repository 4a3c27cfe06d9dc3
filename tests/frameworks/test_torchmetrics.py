"""Metrics of torchmetrics in a loop of one's own: by their names, and the same."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassF1Score, MulticlassJaccardIndex

from wellfit.record import Recorder, open_run
from wellfit.taps.shared import Shared
from wellfit.taps.torch import TorchTap
from wellfit.taps.torchmetrics import TorchmetricsTap


class Extremes(Metric):
    """One that gives several numbers, as `MeanAveragePrecision` does."""

    def __init__(self) -> None:
        super().__init__()
        self.add_state("least", torch.tensor(torch.inf), dist_reduce_fx="min")
        self.add_state("most", torch.tensor(-torch.inf), dist_reduce_fx="max")

    def update(self, scores: torch.Tensor) -> None:
        self.least = torch.minimum(self.least, scores.min())
        self.most = torch.maximum(self.most, scores.max())

    def compute(self) -> dict[str, torch.Tensor]:
        return {"least_score": self.least, "most_score": self.most}


def _train() -> dict[str, list[float]]:
    torch.manual_seed(0)
    x = torch.randn(240, 5)
    data = TensorDataset(x, x[:, :3].argmax(1))
    train, val, test = random_split(data, [160, 40, 40])
    model = nn.Linear(5, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion = nn.CrossEntropyLoss()
    metrics = MetricCollection(
        [MulticlassJaccardIndex(3), MulticlassF1Score(3, average="none")]
    )
    extremes, running = Extremes(), MulticlassJaccardIndex(3)
    true: dict[str, list[float]] = {"iou": [], "f1_2": [], "most": [], "running": []}

    def evaluate(part: Any) -> None:
        model.eval()
        with torch.no_grad():
            for a, b in DataLoader(part, 20):
                scores = model(a)
                criterion(scores, b)
                metrics.update(scores, b)
                extremes.update(scores)
        found = metrics.compute()
        true["iou"].append(float(found["MulticlassJaccardIndex"]))
        true["f1_2"].append(float(found["MulticlassF1Score"][2]))
        true["most"].append(float(extremes.compute()["most_score"]))
        metrics.reset()
        extremes.reset()

    for _ in range(3):
        model.train()
        for a, b in DataLoader(train, 20, shuffle=True):
            optimizer.zero_grad()
            scores = model(a)
            criterion(scores, b).backward()
            optimizer.step()
            running(scores, b)
        true["running"].append(float(running.compute()))
        running.reset()
        evaluate(val)
    evaluate(test)
    return true


def test_what_is_computed_is_recorded_and_nothing_changes(tmp_path: Path) -> None:
    alone = _train()
    with Recorder(tmp_path / "run") as recorder:
        records = Shared(recorder)
        taps = [TorchTap(records), TorchmetricsTap(records)]
        for tap in taps:
            tap.attach()
        watched = _train()
        for tap in reversed(taps):
            tap.finish()
        records.settle()
    assert watched == alone
    run = open_run(tmp_path / "run")
    said = {
        "iou": "val/multiclass_jaccard_index",
        "f1_2": "val/multiclass_f1_score_2",
        "most": "val/most_score",
    }
    for name, signal in said.items():
        found = run.get(signal)
        assert found is not None, signal
        assert found.values.tolist() == alone[name][:3]
        assert found.steps.tolist() == [8, 16, 24]
        tested = run.get(signal.replace("val/", "test/"))
        assert tested is not None
        assert tested.values.tolist() == alone[name][3:]
    training = run.get("train/multiclass_jaccard_index")
    assert training is not None
    assert training.values.tolist() == alone["running"]


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = dict(vars(Metric))
    with Recorder(tmp_path / "run") as recorder:
        tap = TorchmetricsTap(recorder)
        tap.attach()
        assert dict(vars(Metric)) != before
        tap.finish()
    assert dict(vars(Metric)) == before


def test_a_fault_of_its_own_ends_the_watching_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wellfit.taps.torchmetrics._numbers", lambda *_: 1 / 0)
    alone = _train()
    with Recorder(tmp_path / "run") as recorder:
        tap = TorchmetricsTap(recorder)
        tap.attach()
        assert _train() == alone
        tap.finish()
    assert capsys.readouterr().err.count("stopped watching torchmetrics") == 1
