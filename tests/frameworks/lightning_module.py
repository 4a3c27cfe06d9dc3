"""A LightningModule with all that is asked of a Trainer; then validated and tested."""

import lightning as L
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(8, 24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 3)
        )

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss, on_step=True, on_epoch=True, prog_bar=True)
        return loss

    def _evaluate(self, batch, name):
        x, y = batch
        scores = self(x)
        found = scores.argmax(1)
        hits = ((found == 0) & (y == 0)).sum()
        f1 = 2 * hits / ((found == 0).sum() + (y == 0).sum()).clamp(min=1)
        self.log(f"{name}_loss", F.cross_entropy(scores, y), prog_bar=True)
        self.log(f"{name}_f1", f1.float())
        self.log(f"{name}_range", scores.max() - scores.min(), logger=False)

    def validation_step(self, batch):
        self._evaluate(batch, "val")

    def test_step(self, batch):
        self._evaluate(batch, "test")

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.01)
        steps = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, steps)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


def rows(n):
    x = torch.randn(n, 8)
    return TensorDataset(x, (x[:, :3] + 0.5 * torch.randn(n, 3)).argmax(1))


def main():
    torch.set_num_threads(1)
    L.seed_everything(5)
    train, val, test = rows(200), rows(64), rows(64)
    trainer = L.Trainer(
        max_epochs=6,
        accelerator="cpu",
        precision="bf16-mixed",
        accumulate_grad_batches=2,
        gradient_clip_val=0.5,
        log_every_n_steps=2,
        logger=CSVLogger("logs", version=0),
        callbacks=[
            EarlyStopping("val_loss", patience=1, min_delta=0.03),
            ModelCheckpoint("kept", monitor="val_f1", mode="max", filename="{epoch}"),
        ],
        enable_model_summary=False,
    )
    model = Classifier()
    trainer.fit(model, DataLoader(train, 20, shuffle=True), DataLoader(val, 32))
    trainer.validate(model, DataLoader(val, 32))
    trainer.test(model, DataLoader(test, 32))


if __name__ == "__main__":
    main()
