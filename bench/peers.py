"""What other watchers, and other loops, make of a step of the same trainings.

Each gives the seconds that its steps took, from the first one's beginning to the last
one's end; what comes before and after (runs opened, files closed) is left out.
"""

import contextlib
import io
import logging
import os
import tempfile
import warnings
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from bench.workloads import Workload

EVERY = 100  # steps between two looks, where a watcher lets one choose: wandb's own


def _loop(work: Workload, model: nn.Module, steps: int, look: Any = None) -> float:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    criterion = nn.CrossEntropyLoss()
    begun = perf_counter()
    for step, (x, y) in enumerate(work.batches(steps)):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        if look is not None:
            look(step, loss)
    return perf_counter() - begun


def wandb_watch(work: Workload, steps: int) -> float:
    """`wandb.watch(model, log="all")` with its default frequency, offline."""
    import wandb

    os.environ["WANDB_SILENT"] = "true"
    with tempfile.TemporaryDirectory() as folder:
        run = wandb.init(mode="offline", dir=folder, project="bench")
        model = work.model()
        run.watch(model, log="all", log_freq=EVERY)
        seconds = _loop(work, model, steps, lambda _, loss: run.log({"loss": loss}))
        run.finish()
    return seconds


def tensorboard(work: Workload, steps: int) -> float:
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

        seconds = _loop(work, model, steps, look)
        writer.close()
    return seconds


def lightning(work: Workload, steps: int) -> float:
    """Lightning's Trainer with its progress bar, `self.log` and its CSV logger."""
    from lightning.pytorch import LightningModule, Trainer
    from lightning.pytorch.loggers import CSVLogger

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.criterion = work.model(), nn.CrossEntropyLoss()
            self.begun = self.ended = 0.0

        def training_step(self, batch: Any, _: int) -> Any:
            self.begun = self.begun or perf_counter()
            loss = self.criterion(self.model(batch[0]), batch[1])
            self.log("loss", loss, prog_bar=True)
            return loss

        def on_train_batch_end(self, *_: Any) -> None:
            self.ended = perf_counter()

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=1e-4)

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    module = Module()
    loader = DataLoader(work.data(), work.batch, shuffle=True, drop_last=True)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        trainer = Trainer(
            max_steps=steps,
            accelerator="cpu" if work.device == "cpu" else "gpu",
            logger=CSVLogger(folder),
            enable_checkpointing=False,
            enable_model_summary=False,
            default_root_dir=folder,
        )
        trainer.fit(module, loader)
    return module.ended - module.begun


def transformers(work: Workload, steps: int) -> float:
    """The Hugging Face Trainer with its progress bar and its log of each 10th step."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.criterion = work.model(), nn.CrossEntropyLoss()

        def forward(self, x: Any, labels: Any) -> Any:
            scores = self.inner(x)
            return {"loss": self.criterion(scores, labels), "logits": scores}

    class Clock(TrainerCallback):
        begun = ended = 0.0

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.begun = self.begun or perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.ended = perf_counter()

    x, y = work.data().tensors
    rows = [{"x": a, "labels": b} for a, b in zip(x, y, strict=True)]
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder, _quiet():
        arguments = TrainingArguments(
            folder,
            max_steps=steps,
            per_device_train_batch_size=work.batch,
            learning_rate=1e-4,
            logging_steps=10,
            save_strategy="no",
            report_to=[],
            use_cpu=work.device == "cpu",
        )
        Trainer(Model(), arguments, train_dataset=rows, callbacks=[clock]).train()
    return clock.ended - clock.begun


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
