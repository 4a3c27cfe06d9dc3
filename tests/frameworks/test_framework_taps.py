"""The taps of the three frameworks: no trace, no harm, no rehearsals."""

from importlib import import_module

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.tuner import Tuner
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from wellfit.record import Recorder, open_run
from wellfit.taps.accelerate import AccelerateTap
from wellfit.taps.lightning import LightningTap
from wellfit.taps.tap import attached
from wellfit.taps.told import Told
from wellfit.taps.transformers import TransformersTap

from .conftest import train, watching

LOGGING = "lightning.pytorch.trainer.connectors.logger_connector.logger_connector"
OWNERS = {
    LightningTap: (
        import_module("lightning.pytorch.trainer.call"),
        import_module(LOGGING)._LoggerConnector,
        pl.Trainer,
        pl.callbacks.LearningRateFinder,
        pl.callbacks.BatchSizeFinder,
    ),
    TransformersTap: (
        import_module("transformers.trainer_callback").CallbackHandler,
        import_module("transformers.trainer").Trainer,
    ),
    AccelerateTap: (
        import_module("accelerate.accelerator").Accelerator,
        import_module("accelerate.optimizer").AcceleratedOptimizer,
        import_module("accelerate.data_loader").DataLoaderShard,
        import_module("accelerate.data_loader").DataLoaderDispatcher,
    ),
}


class Line(pl.LightningModule):
    def __init__(self, lr=0.01):
        super().__init__()
        self.lr = lr
        self.line = nn.Linear(3, 1)

    def training_step(self, batch):
        x, y = batch
        loss = nn.functional.mse_loss(self.line(x), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.lr)


def data(n=40):
    x = torch.randn(n, 3)
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 10)


@pytest.mark.parametrize("kind", OWNERS, ids=lambda kind: kind.framework)
def test_nothing_is_left_behind(kind, tmp_path):
    before = [dict(vars(owner)) for owner in OWNERS[kind]]
    with watching(tmp_path / "run"):
        assert [dict(vars(owner)) for owner in OWNERS[kind]] != before
        assert len(attached()) == 4
    assert [dict(vars(owner)) for owner in OWNERS[kind]] == before
    assert not attached()


@pytest.mark.parametrize(
    ("script", "framework"),
    [
        ("lightning_manual_optimization", "lightning"),
        ("peft_lora", "transformers"),
        ("accelerate_loop", "accelerate"),
    ],
)
def test_a_failing_tap_stops_and_the_training_goes_on(
    runs, tmp_path, monkeypatch, script, framework
):
    def fail(*_, **__):
        raise ZeroDivisionError("of our own")

    monkeypatch.setattr(Told, "metric", fail)
    bare = runs.bare(script)
    watched = train(script, tmp_path / "place", watching(tmp_path / "run"))
    assert (watched.steps, watched.digest) == (bare.steps, bare.digest)
    run = open_run(tmp_path / "run")
    (note,) = run.happened("note")
    assert note.data["text"].startswith(f"the watching of {framework} ended")
    assert "metrics" not in run.facts
    assert len(run.signal("train/loss")) == run.last_step + 1  # PyTorch's tap goes on


def test_a_search_for_a_learning_rate_is_no_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    model = Line()
    with watching(tmp_path / "run"):
        tried = Tuner(trainer).lr_find(model, data(400), num_training=40)
        assert len(tried.results["loss"]) > 10
        trainer.fit(model, data())
    run = open_run(tmp_path / "run")
    assert len(run.signal("train/loss")) == len(run.signal("train/logged_loss")) == 8
    assert [e.data["number"] for e in run.happened("epoch")] == [1, 2]


def test_a_framework_is_told_by_its_tap_alone_too(tmp_path):
    recorder = Recorder(tmp_path / "run")
    tap = LightningTap(recorder)
    tap.attach()
    assert tap.step == 0
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        log_every_n_steps=2,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Line(), data())
    tap.finish()
    assert tap.step == 4
    recorder.close()
    run = open_run(tmp_path / "run")
    assert run.signal("train/loss").steps.tolist() == [2, 4]
    assert run.facts["metrics"] == {"train/loss": "train_loss"}
