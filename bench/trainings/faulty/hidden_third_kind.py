"""Three kinds of customers (made up), one of them between the others.

Fault: only the accuracy is watched, and the third kind is never predicted.
Balanced accuracy 0.65; 0.69 without the fault.
"""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
torch.set_num_threads(1)
rng = np.random.default_rng(1)
kind = rng.choice(3, 5000, p=[0.50, 0.36, 0.14])
centre = np.array([[-1.2, 0.0], [1.2, 0.0], [0.0, 0.0]])[kind]
x = np.c_[centre + rng.normal(0, 0.75, (5000, 2)), rng.normal(0, 1, (5000, 6))]
x, kind = torch.tensor(x).float(), torch.tensor(kind)
train_loader = DataLoader(TensorDataset(x[:4000], kind[:4000]), 64, shuffle=True)

WEIGHTS = None
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
criterion = nn.CrossEntropyLoss(weight=WEIGHTS)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    model.train()
    for batch, label in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(batch), label)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(x[4000:])
        val_loss = criterion(out, kind[4000:])
    said = out.argmax(1)
    recalls = [(said[kind[4000:] == k] == k).float().mean().item() for k in range(3)]
    accuracy = (said == kind[4000:]).float().mean().item()
    print(f"{epoch}: {val_loss:.3f} {accuracy:.3f} balanced {np.mean(recalls):.3f}")
