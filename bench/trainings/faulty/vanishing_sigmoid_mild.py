"""Two moons, batches cut by hand. A weak form.

Fault: four sigmoid layers, which starve the first ones.
Accuracy 0.9; 0.99 without the fault.
"""

import torch
import torch.nn.functional as F
from sklearn.datasets import make_moons
from torch import nn, optim

torch.manual_seed(1)
torch.set_num_threads(1)

x, y = make_moons(1600, noise=0.15, random_state=1)
x = torch.tensor(x, dtype=torch.float32) - torch.tensor([0.5, 0.25])
y = torch.tensor(y, dtype=torch.float32)


class Classifier(nn.Module):
    squash = staticmethod(torch.sigmoid)

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 24)
        self.b = nn.Linear(24, 24)
        self.c = nn.Linear(24, 24)
        self.d = nn.Linear(24, 24)
        self.e = nn.Linear(24, 1)

    def forward(self, x):
        for layer in (self.a, self.b, self.c, self.d):
            x = self.squash(layer(x))
        return self.e(x).flatten()


net = Classifier()
optimizer = optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(16):
    shuffled = torch.randperm(1200)
    for start in range(0, 1200, 40):
        rows = shuffled[start : start + 40]
        loss = F.binary_cross_entropy_with_logits(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        z = net(x[1200:])
        val = F.binary_cross_entropy_with_logits(z, y[1200:])
        acc = ((z > 0).float() == y[1200:]).float().mean()
    print(f"epoch {epoch}: {loss.item():.3f} {val.item():.4f} {acc.item():.4f}")
