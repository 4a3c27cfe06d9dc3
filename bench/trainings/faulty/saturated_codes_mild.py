"""Time series of three kinds: a one-dimensional CNN, then a bottleneck of tanh.

Fault: the features reach the tanh fifty times too large.
Accuracy 0.76; 0.84 without the fault. A weak form.
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Waves(Dataset):
    KINDS = 3

    def __init__(self, count, seed):
        g = torch.Generator().manual_seed(seed)
        self.kind = torch.randint(self.KINDS, (count,), generator=g)
        t = torch.linspace(0, 1, 40)
        phase = 6.28 * torch.rand(count, 1, generator=g)
        pitch = 3.0 + 0.8 * self.kind.unsqueeze(1)
        wave = torch.sin(6.28 * pitch * t + phase)
        self.wave = (wave + 1.1 * torch.randn(count, 40, generator=g)).unsqueeze(1)

    def __len__(self):
        return len(self.kind)

    def __getitem__(self, i):
        return self.wave[i], self.kind[i]


class WaveNet(nn.Module):
    def __init__(self, amplify=50.0):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 12, 7, padding=3)
        self.conv2 = nn.Conv1d(12, 16, 7, stride=2, padding=3)
        self.pool = nn.AdaptiveAvgPool1d(4)
        self.squeeze = nn.Linear(64, 12)
        self.act = nn.Tanh()
        self.out = nn.Linear(12, Waves.KINDS)
        self.amplify = amplify

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = torch.relu(self.conv2(x))
        x = self.pool(x).flatten(1)
        return self.out(self.act(self.amplify * self.squeeze(x)))


def evaluate(model, loader, loss_fn):
    model.eval()
    losses, hits, n = 0.0, 0, 0
    with torch.inference_mode():
        for x, y in loader:
            scores = model(x)
            losses += loss_fn(scores, y).item() * len(y)
            hits += (scores.argmax(-1) == y).sum().item()
            n += len(y)
    return losses / n, hits / n


def run():
    torch.manual_seed(5)
    torch.set_num_threads(1)
    train = DataLoader(Waves(1200, 1), batch_size=48, shuffle=True)
    val = DataLoader(Waves(500, 2), batch_size=100)
    model = WaveNet()
    loss_fn = nn.CrossEntropyLoss()
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for epoch in range(12):
        model.train()
        for x, y in train:
            opt.zero_grad()
            loss_fn(model(x), y).backward()
            opt.step()
        print(epoch, "val loss %.4f accuracy %.4f" % evaluate(model, val, loss_fn))


run()
