"""Autocast with and without a GradScaler, whose first scale is too great: it skips."""

import torch
from torch import nn

torch.manual_seed(14)
torch.set_num_threads(1)

x = torch.randn(256, 12)
y = (x[:, 0] * x[:, 1] > 0).float()


def train(dtype, scaler):
    model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    criterion = nn.BCEWithLogitsLoss()
    for _ in range(3):
        for rows in torch.randperm(256).split(32):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=dtype):
                loss = criterion(model(x[rows]).squeeze(1), y[rows])
            if scaler is None:
                loss.backward()
                optimizer.step()
                print("loss", repr(loss.item()))
                continue
            before = scaler.get_scale()
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            skipped = scaler.get_scale() < before
            print("skipped" if skipped else "loss", repr(loss.item()))


train(torch.bfloat16, None)
train(torch.float16, torch.amp.GradScaler("cpu", init_scale=2.0**40))
