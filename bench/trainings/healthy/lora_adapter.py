"""A trained net adapted to turned digits: low-rank additions, B from zero."""

import math

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank: int = 4, alpha: float = 8.0):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scaling * (x @ self.lora_A.T) @ self.lora_B.T


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 96)
        self.fc2 = nn.Linear(96, 96)
        self.fc3 = nn.Linear(96, 10)

    def forward(self, x):
        return self.fc3(F.gelu(self.fc2(F.gelu(self.fc1(x)))))


def epochs(model, parameters, x, y, x_val, y_val, n, lr):
    optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)
    for epoch in range(n):
        model.train()
        for rows in torch.randperm(len(y)).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            out = model(x_val)
            loss = F.cross_entropy(out, y_val).item()
            accuracy = (out.argmax(1) == y_val).float().mean().item()
        print(f"  {epoch}: {loss:.4f} {accuracy:.4f}")


torch.manual_seed(43)
torch.set_num_threads(1)
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32) / 8 - 1
labels = torch.tensor(digits.target)
order = torch.randperm(len(labels))
images, labels = images[order], labels[order]
upright, turned = images.flatten(1), images.rot90(1, (1, 2)).flatten(1)

net = Mlp()
print("upright")
epochs(net, net.parameters(), upright[:900], labels[:900],
       upright[900:], labels[900:], 8, 2e-3)  # fmt: skip

for name in ("fc1", "fc2", "fc3"):
    setattr(net, name, LoRALinear(getattr(net, name)))
adapters = [p for p in net.parameters() if p.requires_grad]
print("turned, %d of %d parameters" % (sum(p.numel() for p in adapters),
      sum(p.numel() for p in net.parameters())))  # fmt: skip
epochs(net, adapters, turned[:1300], labels[:1300],
       turned[1300:], labels[1300:], 25, 4e-3)  # fmt: skip
