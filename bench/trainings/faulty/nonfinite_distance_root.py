"""A contrastive embedding of digits.

Fault: the root of a squared distance, whose slope at zero is infinite, meets pairs of
one and the same image.
Accuracy 0.09; 0.95 without the fault.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from torch import nn


class Siamese(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, dim))

    def forward(self, a, b):
        return self.net(a), self.net(b)


def contrastive_loss(u, v, same, margin=1.0, floor=0.0):
    distance = torch.sqrt(((u - v) ** 2).sum(1) + floor)
    pull = same * distance**2
    push = (1 - same) * torch.clamp(margin - distance, min=0) ** 2
    return (pull + push).mean()


def pairs(x, y, n, rng):
    i = rng.integers(0, len(x), n)
    j = rng.integers(0, len(x), n)
    alike = rng.random(n) < 0.5
    for k in np.flatnonzero(alike):
        j[k] = rng.choice(np.flatnonzero(y == y[i[k]]))
    return x[i], x[j], torch.tensor((y[i] == y[j]).astype(np.float32))


def main(seed=1):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    x, y = load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    x, y = torch.tensor(x[order] / 16, dtype=torch.float32), y[order]
    x_train, y_train, x_val, y_val = x[:1400], y[:1400], x[1400:], y[1400:]
    model = Siamese()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(1, 401):
        a, b, same = pairs(x_train, y_train, 64, rng)
        loss = contrastive_loss(*model(a, b), same)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 80 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        known = torch.nan_to_num(model.net(x_train)).numpy()
        new = torch.nan_to_num(model.net(x_val)).numpy()
    knn = KNeighborsClassifier(5).fit(known, y_train)
    print(f"nearest neighbours: {knn.score(new, y_val):.4f}")


main()
