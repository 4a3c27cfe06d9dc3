"""`with wellfit.watch(model) as w:` in one's own loop."""

import os
from pathlib import Path

import pytest
import torch
from torch import nn

import wellfit
from wellfit.core.signals import SIGNALS, parse
from wellfit.record import open_run


def _train(model: nn.Module, steps: int = 30, *, fail_at: int | None = None) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(steps):
        x = torch.randn(16, 4)
        loss = nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == fail_at:
            raise ValueError("of the user's own")
        wellfit.log("val/f1", step / steps)


def test_a_block_is_watched_and_its_run_is_there_at_once(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    with wellfit.watch(model, out=tmp_path / "run") as w:
        _train(model, 10)
        assert len(w.run.signal("val/f1")) == 10  # while it goes on
        w.log("val/mine", 3.0)
        _train(model, 20)
    assert len(w.run.signal("train/loss")) == 30
    assert w.run.signal("val/mine").steps.tolist() == [10]
    assert w.run.facts["model"]["class"] == "Sequential"
    assert w.run.facts["outcome"] == {"error": None, "interrupted": False}
    assert open_run(tmp_path / "run").last_step == 29


def test_every_signal_recorded_has_a_page(tmp_path: Path) -> None:
    with wellfit.watch(out=tmp_path / "run") as w:
        _train(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)))
    own = {"f1"}
    assert {parse(name).name for name in w.run.signals} - own <= SIGNALS.keys()


def test_a_default_folder_is_made_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with wellfit.watch() as w:
        _train(nn.Linear(4, 1))
    assert w.folder.parent == tmp_path / "wellfit-runs"
    assert w.folder.name.endswith("-watch")
    assert [run.path for run in wellfit.runs()] == [w.folder]


def test_an_exception_goes_through_and_is_recorded(tmp_path: Path) -> None:
    w = wellfit.watch(out=tmp_path / "run")
    with pytest.raises(ValueError, match="of the user's own"), w:
        _train(nn.Linear(4, 1), fail_at=12)
    error = {"type": "ValueError", "message": "of the user's own"}
    assert w.run.facts["outcome"]["error"] == error
    assert len(w.run.signal("loss")) == 13


def test_logging_without_a_watch_does_nothing() -> None:
    wellfit.log("val/f1", 1.0)


def test_one_watch_after_another_and_one_within_another(tmp_path: Path) -> None:
    model = nn.Linear(4, 1)
    with wellfit.watch(model, out=tmp_path / "a") as a:
        _train(model, 5)
    with wellfit.watch(model, out=tmp_path / "b") as b:
        _train(model, 5)
        with wellfit.watch(model, out=tmp_path / "c") as c:
            _train(model, 5)
    assert [len(w.run.signal("loss")) for w in (a, b, c)] == [5, 10, 5]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_writes_nothing(tmp_path: Path) -> None:
    model = nn.Linear(4, 1)
    with wellfit.watch(model, out=tmp_path / "run") as w:
        _train(model, 5)
        child = os.fork()
        if child == 0:
            _train(model, 50)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        _train(model, 5)
    assert len(w.run.signal("loss")) == 10


def test_the_run_of_a_training_that_goes_on_has_all_its_steps(tmp_path: Path) -> None:
    model = nn.Linear(4, 1)
    x, y = torch.randn(16, 4), torch.randn(16, 1)
    with wellfit.watch(model, out=tmp_path / "run") as w:
        for epochs in (1, 2):
            _train(model, 7)
            with torch.no_grad():
                held = nn.functional.mse_loss(model(x), y).item()
            run = w.run
            assert len(run.signal("loss")) == 7 * epochs
            assert run.facts["training"]["steps"] == 7 * epochs
            assert run.signal("val/loss").last == pytest.approx(held)
    assert w.run.signal("val/loss").steps.tolist() == [7, 14]


def test_loaders_say_how_they_draw(tmp_path: Path) -> None:
    data = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1))
    drawn = torch.utils.data.BatchSampler(
        torch.utils.data.RandomSampler(data), 16, drop_last=False
    )
    own = torch.utils.data.DataLoader(data, batch_sampler=drawn)
    again = torch.utils.data.RandomSampler(data, replacement=True)
    told = {"batch_size": 16, "rows": 64, "workers": 0}
    for number, (loader, shuffled, replacement) in enumerate(
        [
            (own, True, False),
            (torch.utils.data.DataLoader(data, 16), False, False),
            (torch.utils.data.DataLoader(data, 16, sampler=again), True, True),
            (
                torch.utils.data.DataLoader(data, 16, sampler=list(range(64))),
                None,
                None,
            ),
        ]
    ):
        model = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        with wellfit.watch(model, out=tmp_path / str(number)) as w:
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.mse_loss(model(x), y).backward()
                optimizer.step()
        draws = {"shuffled": shuffled, "replacement": replacement}
        assert w.run.facts["loaders"]["train"] == told | draws


def test_workers_of_a_loader_are_left_alone(tmp_path: Path) -> None:
    data = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1))
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with wellfit.watch(model, out=tmp_path / "run") as w:
        for x, y in torch.utils.data.DataLoader(data, 16, num_workers=2):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
    assert len(w.run.signal("loss")) == 4
    assert w.run.facts["loaders"]["train"]["workers"] == 2
