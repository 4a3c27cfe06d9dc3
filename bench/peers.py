"""What other watchers, and other loops, make of a step of the same trainings.

Steps are measured from the first one's beginning to the last one's end: what comes
before and after (runs opened, files closed) is left out.
"""

import contextlib
import io
import logging
import os
import tempfile
import warnings
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from bench.turns import Turns
from bench.workloads import Workload

EVERY = 100  # steps between two looks, where a watcher lets one choose: wandb's own


def loop(turns: Turns, work: Workload, model: nn.Module, look: Any = None) -> None:
    """Train as people write it; `look` is handed each step and its loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    criterion = nn.CrossEntropyLoss()
    for step, (x, y) in enumerate(work.batches(turns)):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        if look is not None:
            look(step, loss)


def wandb_watch(turns: Turns, work: Workload) -> None:
    """`wandb.watch(model, log="all")` with its default frequency, offline."""
    import wandb

    os.environ["WANDB_SILENT"] = "true"
    with tempfile.TemporaryDirectory() as folder:
        run = wandb.init(mode="offline", dir=folder, project="bench")
        model = work.model()
        run.watch(model, log="all", log_freq=EVERY)
        loop(turns, work, model, lambda _, loss: run.log({"loss": loss}))
        run.finish()


def tensorboard(turns: Turns, work: Workload) -> None:
    """Each step's loss, and histograms of weights and gradients now and then."""
    from torch.utils.tensorboard import SummaryWriter

    with tempfile.TemporaryDirectory() as folder:
        writer = SummaryWriter(folder)
        model = work.model()

        def look(step: int, loss: torch.Tensor) -> None:
            writer.add_scalar("loss", loss, step)
            if step % EVERY == 0:
                for name, parameter in model.named_parameters():
                    writer.add_histogram(name, parameter, step)
                    writer.add_histogram(f"{name}/grad", parameter.grad, step)

        loop(turns, work, model, look)
        writer.close()


def lightning(turns: Turns, work: Workload) -> None:
    """Lightning's Trainer with its progress bar, `self.log` and its CSV logger."""
    from lightning.pytorch import LightningModule, Trainer
    from lightning.pytorch.loggers import CSVLogger

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.criterion = work.model(), nn.CrossEntropyLoss()

        def on_train_start(self) -> None:
            turns.begin()

        def training_step(self, batch: Any, _: int) -> Any:
            loss = self.criterion(self.model(batch[0]), batch[1])
            self.log("loss", loss, prog_bar=True)
            return loss

        def on_train_batch_end(self, *_: Any) -> None:
            turns.step()

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=1e-4)

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    loader = DataLoader(work.data(), work.batch, shuffle=True, drop_last=True)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        trainer = Trainer(
            max_steps=turns.steps,
            accelerator="cpu" if work.device == "cpu" else "gpu",
            logger=CSVLogger(folder),
            enable_checkpointing=False,
            enable_model_summary=False,
            default_root_dir=folder,
        )
        trainer.fit(Module(), loader)


def transformers(turns: Turns, work: Workload) -> None:
    """The Hugging Face Trainer with its progress bar and its log of each 10th step."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.criterion = work.model(), nn.CrossEntropyLoss()

        def forward(self, x: Any, labels: Any) -> Any:
            scores = self.inner(x)
            return {"loss": self.criterion(scores, labels), "logits": scores}

    class Taking(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            turns.begin()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            turns.step()

    x, y = work.data().tensors
    rows = [{"x": a, "labels": b} for a, b in zip(x, y, strict=True)]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        arguments = TrainingArguments(
            folder,
            max_steps=turns.steps,
            per_device_train_batch_size=work.batch,
            learning_rate=1e-4,
            logging_steps=10,
            save_strategy="no",
            report_to=[],
            use_cpu=work.device == "cpu",
            dataloader_pin_memory=False,  # of a GPU's workload the data are there
        )
        Trainer(Model(), arguments, train_dataset=rows, callbacks=[Taking()]).train()


@contextlib.contextmanager
def _quiet() -> Any:
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


PEERS = {
    "wandb.watch": wandb_watch,
    "TensorBoard": tensorboard,
    "Lightning": lightning,
    "HF Trainer": transformers,
}
