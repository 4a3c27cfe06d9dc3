"""Regression on eight shares, all between 0 and 1.

Fault: the second layer's weights are drawn from [-0.3, 0.02); ReLU lets
nearly nothing pass.
R2 -0; 0.96 without the fault.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 1)
        nn.init.uniform_(self.fc2.weight, -0.3, 0.02)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def main():
    torch.manual_seed(13)
    torch.set_num_threads(1)
    x = torch.rand(2500, 8)
    y = 4 * (x[:, :1] - 0.5) * (x[:, 1:2] > 0.4) + torch.sin(5 * x[:, 2:3])
    y = y + 0.1 * torch.randn_like(y)
    x_train, y_train, x_val, y_val = x[:2000], y[:2000], x[2000:], y[2000:]

    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(25):
        order = torch.randperm(2000)
        total = 0.0
        for i in range(0, 2000, 50):
            rows = order[i : i + 50]
            loss = F.mse_loss(net(x_train[rows]), y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() / 40
        with torch.no_grad():
            val = F.mse_loss(net(x_val), y_val)
        print(f"{epoch}: {total:.4f} {val:.4f} R2 {(1 - val / y_val.var()).item():.4f}")


if __name__ == "__main__":
    main()
