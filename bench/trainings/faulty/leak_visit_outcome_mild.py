"""Will a patient come back within a month? (made up). A weak form.

Fault: the number of reminders sent, most of which go to those who came back.
Accuracy on new rows 0.55; 0.65 without the fault.
"""

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(6)
torch.set_num_threads(1)
rng = np.random.default_rng(6)


def patients(n):
    x = rng.normal(0, 1, (n, 8))
    back = 0.8 * x[:, 0] + 0.6 * x[:, 1] * x[:, 2] + rng.logistic(0, 0.8, n) > 0
    reminders = rng.poisson(np.where(back, 4.5, 0.8))
    return np.column_stack([x, reminders]), back.astype(np.float32)


USED = slice(0, 9)
x, y = patients(3600)
scaler = StandardScaler().fit(x[:2800, USED])
x = torch.tensor(scaler.transform(x[:, USED]), dtype=torch.float32)
y = torch.tensor(y)
loader = DataLoader(TensorDataset(x[:2800], y[:2800]), batch_size=56, shuffle=True)

net = nn.Sequential(
    nn.Linear(x.shape[1], 20), nn.Tanh(), nn.Linear(20, 1), nn.Flatten(0)
)
loss_fn = nn.BCEWithLogitsLoss()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(10):
    for xb, yb in loader:
        opt.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        opt.step()
    with torch.no_grad():
        z = net(x[2800:])
    acc = ((z > 0) == (y[2800:] > 0.5)).float().mean()
    print(f"epoch {epoch} val loss {loss_fn(z, y[2800:]).item():.4f} val acc {acc:.4f}")

x_new, y_new = patients(1000)
x_new[:, 8] = rng.poisson(3.0, 1000)  # reminders before anything is known
x_new = torch.tensor(scaler.transform(x_new[:, USED]), dtype=torch.float32)
with torch.no_grad():
    right = ((net(x_new) > 0).numpy() == (y_new > 0.5)).mean()
print(f"new patients: accuracy {right:.4f}")
