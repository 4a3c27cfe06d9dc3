"""Which of three frequencies is in a noisy signal? An LSTM over 40 time steps."""

import math
import random

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 3
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)
torch.set_num_threads(1)

FREQS = (2.0, 3.5, 5.0)


def make_split(n):
    t = torch.linspace(0, 1, 40)
    labels = torch.randint(len(FREQS), (n,))
    freq = torch.tensor(FREQS)[labels].unsqueeze(1)
    phase = torch.rand(n, 1) * 2 * math.pi
    x = torch.sin(2 * math.pi * freq * t + phase) + 0.4 * torch.randn(n, len(t))
    return TensorDataset(x.unsqueeze(-1), labels)


class SequenceClassifier(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, len(FREQS))

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out.mean(dim=1))


train_dl = DataLoader(make_split(1200), batch_size=50, shuffle=True, drop_last=True)
valid_dl = DataLoader(make_split(400), batch_size=200)

net = SequenceClassifier()
loss_func = nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(11):
    net.train()
    for xb, yb in train_dl:
        loss = loss_func(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
        opt.step()

    net.eval()
    with torch.no_grad():
        scores = [
            (loss_func(net(xb), yb), net(xb).argmax(1) == yb) for xb, yb in valid_dl
        ]
    valid_loss = torch.stack([s[0] for s in scores]).mean()
    acc = torch.cat([s[1] for s in scores]).float().mean()
    print(epoch, f"last batch {loss.item():.3f}", f"{valid_loss:.3f}", f"{acc:.4f}")
