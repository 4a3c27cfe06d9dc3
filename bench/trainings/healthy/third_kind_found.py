"""Three kinds, the third of 14 in 100 and apart from the others (made up)."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(6)
torch.set_num_threads(1)
rng = np.random.default_rng(6)
kind = rng.choice(3, 3000, p=[0.50, 0.36, 0.14])
centre = np.array([[-1.6, 0.0], [1.6, 0.0], [0.0, 2.4]])[kind]
x = np.c_[centre + rng.normal(0, 0.8, (3000, 2)), rng.normal(0, 1, (3000, 4))]
data = TensorDataset(torch.tensor(x).float(), torch.tensor(kind))
train, valid = random_split(data, [2300, 700])
train_dl, valid_dl = DataLoader(train, 46, shuffle=True), DataLoader(valid, 700)

model = nn.Sequential(nn.Linear(6, 24), nn.ELU(), nn.Linear(24, 3))
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(8):
    model.train()
    for xb, yb in train_dl:
        loss = loss_fn(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
    model.eval()
    with torch.no_grad():
        for xb, yb in valid_dl:
            out = model(xb)
            loss = loss_fn(out, yb)
    hit = (out.argmax(1) == yb).float()
    each = torch.stack([hit[yb == k].mean() for k in range(3)])
    print(f"{epoch}: {loss:.3f} accuracy {hit.mean():.3f} balanced {each.mean():.3f}")
