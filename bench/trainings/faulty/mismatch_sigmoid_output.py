"""A standardised target, regression with MSE. A weak form.

Fault: a sigmoid at the end holds the output between 0 and 1.
R2 0.18; 0.45 without the fault.
"""

import torch
from sklearn.datasets import load_diabetes
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
torch.set_num_threads(1)
x, y = load_diabetes(return_X_y=True)
order = torch.randperm(len(x))
x = torch.tensor(x, dtype=torch.float32)[order] * 21
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)[order, None]
loader = DataLoader(TensorDataset(x[:340], y[:340]), batch_size=17, shuffle=True)

squash = nn.Sigmoid()
net = nn.Sequential(nn.Linear(10, 8), nn.Tanh(), nn.Linear(8, 1), squash)
mse = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-2)
for epoch in range(30):
    net.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = mse(net(xb), yb)
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        train, val = mse(net(x[:340]), y[:340]), mse(net(x[340:]), y[340:])
        r2 = 1 - val / y[340:].var(unbiased=False)
    print(f"epoch {epoch:02d} train {train:.4f} val {val:.4f} R2 {r2:.4f}")
