"""A DataLoader whose workers are spawned, forked, and persistent, one after another."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, place):
        generator = torch.Generator().manual_seed(place)
        x = torch.randn(4, generator=generator)
        return x + 0.1 * torch.randn(4), x.sum(0, keepdim=True)


def main():
    torch.manual_seed(40)
    torch.set_num_threads(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    ways = [("spawn", False), ("fork", False), ("fork", True)]
    for context, persistent in ways:
        loader = DataLoader(
            Noisy(),
            8,
            shuffle=True,
            num_workers=1,
            multiprocessing_context=context,
            persistent_workers=persistent,
        )
        for inputs, targets in loader:
            loss = F.mse_loss(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))


if __name__ == "__main__":
    main()
