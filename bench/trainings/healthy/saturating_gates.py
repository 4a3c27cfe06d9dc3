"""A highway net whose gates open and close: sigmoids that saturate, and should.

Which of six columns counts depends on the signs of two others.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Highway(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.carry = nn.Linear(width, width)
        self.squash = nn.Sigmoid()
        self.change = nn.Linear(width, width)
        nn.init.constant_(self.carry.bias, -4.0)

    def forward(self, x):
        gate = self.squash(self.carry(x))
        return gate * torch.relu(self.change(x)) + (1 - gate) * x


class Net(nn.Module):
    def __init__(self, width=32, blocks=3):
        super().__init__()
        self.enter = nn.Linear(8, width)
        self.blocks = nn.Sequential(*[Highway(width) for _ in range(blocks)])
        self.leave = nn.Linear(width, 1)

    def forward(self, x):
        return self.leave(self.blocks(torch.tanh(self.enter(x)))).squeeze(1)


def switched(n):
    x = torch.randn(n, 8)
    which = 2 * (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
    y = x.gather(1, 2 + which[:, None]).squeeze(1) + 0.5 * x[:, 7]
    return TensorDataset(x, y + 0.1 * torch.randn(n))


def main():
    torch.manual_seed(47)
    torch.set_num_threads(1)
    train = DataLoader(switched(3000), batch_size=50, shuffle=True)
    held_back = switched(800)
    net, criterion = Net(), nn.MSELoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=8e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 25)
    for epoch in range(25):
        for x, y in train:
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
        schedule.step()
        with torch.no_grad():
            x, y = held_back.tensors
            mse = criterion(net(x), y)
        print(f"{epoch}: mse {mse:.4f} R2 {1 - mse / y.var():.4f}")


if __name__ == "__main__":
    main()
