"""How strongly a walk drifts (made up): GRU and Adam. A weak form.

Fault: two walks a step, at a rate that is fit for sixty-four.
R2 0.75; 0.87 without the fault.
"""

import torch
from torch import nn

torch.manual_seed(7)
torch.set_num_threads(1)
BATCH = 2


def walks(n):
    drift = torch.randn(n)
    steps = torch.randn(n, 20) + 0.6 * drift[:, None]
    return steps.cumsum(1)[..., None] / 5, drift


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 24, batch_first=True)
        self.read = nn.Linear(24, 1)

    def forward(self, walk):
        return self.read(self.gru(walk)[0].mean(1)).squeeze(1)


reader = Reader()
adam = torch.optim.Adam(reader.parameters(), lr=0.08)
val_walks, val_drift = walks(2000)
for step in range(400):
    walk, drift = walks(BATCH)
    loss = nn.functional.mse_loss(reader(walk), drift)
    adam.zero_grad()
    loss.backward()
    adam.step()
    if step % 20 == 19:
        reader.eval()
        with torch.no_grad():
            val = nn.functional.mse_loss(reader(val_walks), val_drift).item()
        reader.train()
        print(f"step {step + 1} {val:.4f} R2 {1 - val / val_drift.var().item():.3f}")
