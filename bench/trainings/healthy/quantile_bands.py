"""The 10 %, 50 % and 90 % quantiles of a target whose noise grows with x."""

import torch
from torch import nn

torch.manual_seed(17)
torch.set_num_threads(1)
QUANTILES = torch.tensor([0.1, 0.5, 0.9])


def draw(n):
    x = torch.rand(n, 2) * 4 - 2
    spread = 0.2 + 0.3 * (x[:, :1] + 2)
    return x, torch.sin(2 * x[:, :1]) + 0.5 * x[:, 1:] + spread * torch.randn(n, 1)


def pinball(pred, target):
    diff = target - pred
    return torch.maximum(QUANTILES * diff, (QUANTILES - 1) * diff).mean()


x_train, y_train = draw(4000)
x_val, y_val = draw(1000)
net = nn.Sequential(
    nn.Linear(2, 32), nn.Softplus(), nn.Linear(32, 32), nn.Softplus(), nn.Linear(32, 3)
)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
sch = torch.optim.lr_scheduler.StepLR(opt, 8, 0.4)
for epoch in range(20):
    perm = torch.randperm(len(x_train))
    for i in range(0, len(perm), 100):
        batch = perm[i : i + 100]
        loss = pinball(net(x_train[batch]), y_train[batch])
        opt.zero_grad()
        loss.backward()
        opt.step()
    sch.step()
    with torch.no_grad():
        bands = net(x_val)
        covered = (y_val <= bands).float().mean(0).tolist()
        covered = ", ".join(f"{c:.2f}" for c in covered)
        val = pinball(bands, y_val)
        print(f"{epoch} train {loss:.4f} covered {covered} val {val:.4f}")
