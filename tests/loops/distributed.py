"""DDP, with as many ranks as there are; one where nobody launched it."""

import os
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def train():
    torch.manual_seed(38)
    rank = dist.get_rank()
    x = torch.randn(256, 6)
    y = x[:, :3].argmax(1)
    data = TensorDataset(x, y)
    sampler = DistributedSampler(data, seed=3)
    loader = DataLoader(data, 16, sampler=sampler)
    net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
    model = DistributedDataParallel(net)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(4):
        sampler.set_epoch(epoch)
        for inputs, targets in loader:
            loss = F.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if rank == 0:
                print("loss", repr(loss.item()))


def main():
    torch.set_num_threads(1)
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
        train()
        dist.destroy_process_group()
        return
    with tempfile.TemporaryDirectory() as folder:
        meet = (Path(folder) / "meet").as_uri()
        dist.init_process_group("gloo", init_method=meet, rank=0, world_size=1)
        train()
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
