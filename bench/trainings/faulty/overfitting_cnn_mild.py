"""A CNN on 500 noisy images of digits. A weak form.

Fault: twice as many epochs as are good for it.
Log loss 0.788; 0.685 without the fault.
"""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(3)
torch.set_num_threads(1)

digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
x = x + 0.35 * torch.randn_like(x)
y = torch.tensor(digits.target)
train, val = random_split(TensorDataset(x, y), [500, len(x) - 500])
train_dl = DataLoader(train, batch_size=25, shuffle=True)
val_dl = DataLoader(val, batch_size=len(val))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 16, 3, padding=1)
        self.c2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        return self.fc(x.flatten(1))


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(36):
    net.train()
    total = 0.0
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = F.cross_entropy(net(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item() / len(train_dl)
    net.eval()
    with torch.no_grad():
        for xb, yb in val_dl:
            out = net(xb)
            acc = (out.argmax(1) == yb).float().mean().item()
            val_loss = F.cross_entropy(out, yb).item()
    print(f"{epoch}: train {total:.4f} acc {acc:.4f} val {val_loss:.4f}")
