"""Few rows, many noisy columns (made up): dropout of seven in ten, which helps."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim

SEED = 4
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)
torch.set_num_threads(1)
direction = rng.normal(size=(12, 3))


def rows(n):
    x = rng.normal(size=(n, 40))
    score = 1.3 * x[:, :12] @ direction + rng.gumbel(0, 1.5, (n, 3))
    return torch.tensor(x).float(), torch.tensor(score.argmax(1))


class Net(nn.Module):
    def __init__(self, p=0.7):
        super().__init__()
        self.drop = nn.Dropout(p)
        self.a, self.b = nn.Linear(40, 256), nn.Linear(256, 3)

    def forward(self, x):
        return self.b(self.drop(F.relu(self.a(x))))


(x, y), (x_val, y_val) = rows(500), rows(1000)
net = Net()
opt = optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.1)
for epoch in range(15):
    net.train()
    for batch in torch.randperm(len(x)).split(25):
        loss = F.cross_entropy(net(x[batch]), y[batch])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        out = net(x_val)
        val = F.cross_entropy(out, y_val)
    print(f"{epoch} {val:.4f} accuracy {(out.argmax(1) == y_val).float().mean():.3f}")
