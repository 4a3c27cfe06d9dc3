"""An embedding of digits by triplet loss; scored by its nearest neighbours."""

import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from torch import nn
from torch.utils.data import DataLoader, Dataset

random.seed(0)
np.random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)


class Triplets(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.by_class = [np.flatnonzero(y == c) for c in range(10)]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        own = self.y[i]
        other = random.choice([c for c in range(10) if c != own])
        positive = random.choice(self.by_class[own])
        negative = random.choice(self.by_class[other])
        return self.x[i], self.x[positive], self.x[negative]


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, x):
        return nn.functional.normalize(self.net(x), dim=1)


digits = load_digits()
order = np.random.permutation(len(digits.data))
x = torch.tensor(digits.data[order] / 16, dtype=torch.float32)
y = digits.target[order]
x_train, y_train, x_val, y_val = x[:1300], y[:1300], x[1300:], y[1300:]

model = Embedder()
triplet = nn.TripletMarginLoss(margin=0.3)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loader = DataLoader(Triplets(x_train, y_train), batch_size=64, shuffle=True)
val_loader = DataLoader(Triplets(x_val, y_val), batch_size=256)
for epoch in range(11):
    model.train()
    losses = []
    for a, p, n in loader:
        optimizer.zero_grad()
        loss = triplet(model(a), model(p), model(n))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        val = np.mean([triplet(*map(model, abc)).item() for abc in val_loader])
        knn = KNeighborsClassifier(5).fit(model(x_train).numpy(), y_train)
        acc = knn.score(model(x_val).numpy(), y_val)
    print(f"{epoch:2d} loss {np.mean(losses):.4f} val {val:.4f} knn {acc:.4f}")
