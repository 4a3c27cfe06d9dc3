"""Heart beats (made up): one in four is of the weak kind. A weak form.

Fault: a threshold of one half, at which few of the weak beats are found.
Balanced accuracy 0.51; 0.64 without the fault.
"""

import numpy as np
import torch
from torch import nn


class Beats(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True)
        self.last = nn.Linear(16, 1)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.last(h[-1]).squeeze(1)


def record(n, rng):
    weak = rng.random(n) < 0.24
    t = np.linspace(0, 1, 16)
    height = np.where(weak, 0.87, 1.0) + rng.normal(0, 0.17, n)
    beat = height[:, None] * np.exp(-(((t - 0.5) / 0.1) ** 2))
    beat = beat + rng.normal(0, 0.05, beat.shape)
    return torch.tensor(beat[..., None]).float(), torch.tensor(weak).float()


def main():
    torch.manual_seed(5)
    torch.set_num_threads(1)
    rng = np.random.default_rng(5)
    (x, y), (x_val, y_val) = record(3000, rng), record(1500, rng)
    model = Beats()
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=None)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(10):
        for rows in torch.randperm(len(x)).split(60):
            opt.zero_grad()
            loss = loss_fn(model(x[rows]), y[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        model.eval()
        with torch.no_grad():
            out = model(x_val)
            val = loss_fn(out, y_val).item()
        model.train()
        said = out > 0
        weak, strong = (
            said[y_val == 1].float().mean(),
            1 - said[y_val == 0].float().mean(),
        )
        print(f"epoch {epoch} {val:.4f} balanced {(weak + strong).item() / 2:.3f}")


if __name__ == "__main__":
    main()
