"""Card payments, one in sixty-five fraudulent (made up). Balanced accuracy.

Fault: nothing makes up for the rarity; the network calls every payment honest.
Balanced accuracy 0.5; 0.81 without the fault.
"""

import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(1)
torch.manual_seed(1)
torch.set_num_threads(1)

n = 8000
fraud = rng.random(n) < 0.015
x = rng.normal(0, 1, (n, 10))
x[fraud, :3] += 1.1
x = torch.tensor(x, dtype=torch.float32)
t = torch.tensor(fraud, dtype=torch.float32)
train, val = TensorDataset(x[:6000], t[:6000]), (x[6000:], t[6000:])
loader = DataLoader(train, batch_size=100, shuffle=True)

net = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))
POSITIVE_WEIGHT = 1.0
loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(POSITIVE_WEIGHT))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(10):
    net.train()
    total = 0.0
    for xb, tb in loader:
        optimizer.zero_grad()
        loss = loss_fn(net(xb), tb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        z = net(val[0])
    score = balanced_accuracy_score(val[1], z > 0)
    print(
        f"epoch {epoch} train {total / len(loader):.4f} "
        f"val {loss_fn(z, val[1]):.4f} balanced accuracy {score:.4f}"
    )
