"""wandb.watch beside us: gradients and parameters, offline."""

import logging
import os
import tempfile

import torch
import torch.nn.functional as F
from torch import nn

os.environ["WANDB_SILENT"] = "true"
import wandb

torch.manual_seed(42)
torch.set_num_threads(1)

x = torch.randn(128, 4)
y = x.sum(1, keepdim=True)
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
logging.getLogger("wandb").setLevel(logging.ERROR)
with tempfile.TemporaryDirectory() as folder:
    run = wandb.init(mode="offline", dir=folder, project="loops")
    run.watch(model, log="all", log_freq=2)
    for _ in range(5):
        for rows in torch.randperm(128).split(16):
            loss = F.mse_loss(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log({"loss": loss.item()})
            print("loss", repr(loss.item()))
    run.unwatch(model)
    run.finish()
