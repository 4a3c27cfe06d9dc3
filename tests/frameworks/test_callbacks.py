"""`wellfit.callbacks`: the same watching, for those who would rather name it."""

import subprocess
import sys

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from transformers import Trainer, TrainingArguments

import wellfit.callbacks
from wellfit import WellfitError
from wellfit.callbacks import LightningCallback, TransformersCallback
from wellfit.taps.tap import attached


class Line(pl.LightningModule):
    def __init__(self, fault=None):
        super().__init__()
        self.line = nn.Linear(3, 1)
        self.fault = fault

    def training_step(self, batch, index):
        x, y = batch
        if self.fault is not None and index == 2:
            raise self.fault
        loss = nn.functional.mse_loss(self.line(x), y)
        self.log("train_error", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


def fit(module, *callbacks):
    torch.manual_seed(0)
    x = torch.randn(40, 3)
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        callbacks=list(callbacks),
    )
    trainer.fit(module, DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 10))
    return trainer


class Rows(Dataset):
    def __len__(self):
        return 24

    def __getitem__(self, i):
        x = torch.linspace(-1, 1, 3) * (i % 5 + 1)
        return {"x": x, "labels": x.sum() * 0 + i % 5}


class Net(nn.Module):
    def __init__(self, fault=None):
        super().__init__()
        torch.manual_seed(0)
        self.line = nn.Linear(3, 1)
        self.fault = fault
        self.calls = 0

    def forward(self, x, labels):
        self.calls += 1
        if self.fault is not None and self.calls == 3:
            raise self.fault
        out = self.line(x).squeeze(1)
        return {"loss": nn.functional.mse_loss(out, labels), "logits": out}


def trainer(model, folder, *callbacks):
    arguments = TrainingArguments(
        str(folder / "kept"),
        max_steps=6,
        per_device_train_batch_size=4,
        logging_steps=2,
        eval_strategy="steps",
        eval_steps=3,
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    )
    return Trainer(
        model,
        arguments,
        train_dataset=Rows(),
        eval_dataset=Rows(),
        callbacks=list(callbacks),
    )


def weights(model):
    return [p.detach().clone() for p in model.parameters()]


def test_fit_is_watched_from_its_beginning_to_its_end(tmp_path):
    bare, watched = Line(), Line()
    watched.load_state_dict(bare.state_dict())
    callback = LightningCallback(out=tmp_path / "run", every=1)
    fit(bare)
    after = fit(watched, callback)
    assert all(map(torch.equal, weights(bare), weights(watched)))
    assert not after._checkpoint_connector.dump_checkpoint()["callbacks"]
    run = callback.run
    assert callback.folder == run.path == tmp_path / "run"
    assert len(run.signal("train/loss")) == len(run.signal("train/error")) == 8
    assert run.facts["command"]["framework"] == "lightning"
    assert run.facts["framework"]["max_epochs"] == 2
    assert [e.data["number"] for e in run.happened("epoch")] == [1, 2]
    assert run.facts["outcome"] == {"error": None, "interrupted": False}
    assert not attached()


def test_a_second_fit_has_a_folder_of_its_own(tmp_path):
    callback = LightningCallback(out=tmp_path / "run")
    fit(Line(), callback)
    fit(Line(), callback)
    assert callback.folder == tmp_path / "run-2"
    assert len(callback.run.signal("train/loss")) == 8
    with pytest.raises(WellfitError, match="holds a run already"):
        LightningCallback(out=tmp_path / "run")


@pytest.mark.parametrize(
    ("fault", "raised", "said", "interrupted"),
    [
        (ValueError("of\nmine"), ValueError, "ValueError", False),
        (KeyboardInterrupt(), SystemExit, "KeyboardInterrupt", True),
    ],
)
def test_fit_that_ends_badly(tmp_path, fault, raised, said, interrupted):
    callback = LightningCallback(out=tmp_path / "run")
    with pytest.raises(raised):
        fit(Line(fault), callback)
    outcome = callback.run.facts["outcome"]
    assert outcome["error"]["type"] == said
    assert outcome["interrupted"] is interrupted
    assert len(callback.run.signal("train/loss")) == 2
    assert not attached()


def test_train_is_watched_from_its_beginning_to_its_end(tmp_path):
    bare, watched = Net(), Net()
    callback = TransformersCallback(out=tmp_path / "run", every=1)
    trainer(bare, tmp_path).train()
    watching = trainer(watched, tmp_path, callback)
    watching.train()
    assert all(map(torch.equal, weights(bare), weights(watched)))
    run = callback.run
    assert len(run.signal("train/loss")) == 6
    assert run.facts["metrics"]["val/runtime"] == "eval_runtime"
    assert run.facts["framework"]["max_steps"] == 6
    assert run.facts["command"]["framework"] == "transformers"
    assert run.facts["outcome"] == {"error": None, "interrupted": False}
    watching.train()
    assert callback.folder == tmp_path / "run-2"
    assert not attached()


@pytest.mark.parametrize("fault", [ValueError("mine"), KeyboardInterrupt()])
def test_train_that_ends_badly(tmp_path, fault):
    callback = TransformersCallback(out=tmp_path / "run")
    with pytest.raises(type(fault)):
        trainer(Net(fault), tmp_path, callback).train()
    outcome = callback.run.facts["outcome"]
    assert outcome["error"]["type"] == type(fault).__name__
    assert outcome["interrupted"] is isinstance(fault, KeyboardInterrupt)
    assert len(callback.run.signal("train/loss")) == 2
    assert not attached()


def test_a_trainer_without_the_callback_is_left_alone(tmp_path):
    before = Trainer.train
    callback = TransformersCallback(out=tmp_path / "run")
    trainer(Net(), tmp_path).train()
    with pytest.raises(WellfitError, match="no training has begun"):
        _ = callback.run
    del callback
    assert Trainer.train is before


def test_the_callbacks_are_these():
    assert wellfit.callbacks.__all__ == [
        "KerasCallback",
        "LightGBMCallback",
        "LightningCallback",
        "TransformersCallback",
        "XGBoostCallback",
    ]
    assert set(wellfit.callbacks.__all__) <= set(dir(wellfit.callbacks))
    with pytest.raises(AttributeError, match="no attribute 'Callback'"):
        _ = wellfit.callbacks.Callback


def test_asking_for_the_module_loads_no_framework():
    code = "import sys, wellfit.callbacks; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert not loaded & {"torch", "lightning", "transformers"}
