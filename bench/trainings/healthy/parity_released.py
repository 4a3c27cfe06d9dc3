"""Three of eight bits decide (made up): nothing for long, then all at once."""

import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)


def bits(n):
    x = torch.randint(0, 2, (n, 8)).float() * 2 - 1
    return x, (x[:, :3].prod(1) > 0).long()


model = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 2))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()
x_val, y_val = bits(1000)
for step in range(3000):
    x, y = bits(32)
    loss = loss_fn(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if (step + 1) % 150 == 0:
        with torch.no_grad():
            out = model(x_val)
            val = loss_fn(out, y_val).item()
        acc = (out.argmax(1) == y_val).float().mean().item()
        print(f"step {step + 1} val {val:.4f} accuracy {acc:.4f}")
