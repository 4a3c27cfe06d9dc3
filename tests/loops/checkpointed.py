"""Gradient checkpointing in both modes: the forward pass of a block runs twice."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 24)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(24, 24), nn.ReLU(), nn.Dropout(0.1))
            for _ in range(4)
        )
        self.tail = nn.Sequential(*(nn.Linear(24, 24) for _ in range(4)))
        self.head = nn.Linear(24, 3)

    def forward(self, x):
        x = torch.relu(self.first(x))
        for place, block in enumerate(self.blocks):
            x = checkpoint(block, x, use_reentrant=place % 2 == 0)
        x = checkpoint_sequential(self.tail, 2, x, use_reentrant=False)
        return self.head(x)


def main():
    torch.manual_seed(15)
    torch.set_num_threads(1)
    x = torch.randn(256, 8)
    y = x[:, :3].argmax(1)
    model = Deep()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(5):
        for rows in torch.randperm(256).split(32):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))


if __name__ == "__main__":
    main()
