"""Which of three rhythms is in a noisy signal? A GRU. A weak form.

Fault: a third of the epochs that it needs.
Accuracy 0.88; 1 without the fault.
"""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(8)
torch.set_num_threads(1)


def signals(n):
    kind = torch.randint(3, (n,))
    speed = torch.tensor([2.0, 3.0, 4.0])[kind].unsqueeze(1)
    start = torch.rand(n, 1)
    t = torch.linspace(0, 1, 32)
    wave = torch.sign(torch.sin(2 * math.pi * (speed * t + start)))
    return TensorDataset((wave + 0.5 * torch.randn(n, 32)).unsqueeze(-1), kind)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 24, batch_first=True)
        self.linear = nn.Linear(24, 3)

    def forward(self, x):
        states, _ = self.gru(x)
        return self.linear(states.mean(1))


model = Model()
optim = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()
train_loader = DataLoader(signals(1200), batch_size=60, shuffle=True)
val_loader = DataLoader(signals(500), batch_size=500)
EPOCHS = 4
for epoch in range(EPOCHS):
    model.train()
    for x, y in train_loader:
        loss = criterion(model(x), y)
        optim.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optim.step()
    model.eval()
    with torch.no_grad():
        for x, y in val_loader:
            out = model(x)
            val, acc = criterion(out, y), (out.argmax(1) == y).float().mean()
    print(f"{epoch} loss {loss:.4f} val {val:.4f} acc {acc:.4f}")
