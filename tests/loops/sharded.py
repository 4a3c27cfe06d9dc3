"""FSDP2: fully_shard, with as many ranks as there are; gradients are DTensors."""

import os
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard


def train():
    torch.manual_seed(43)
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    x = torch.randn(256, 6)
    y = x[:, :3].argmax(1)
    model = nn.Sequential(
        nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.Linear(16, 3)
    )
    for layer in (model[0], model[2]):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    mine = torch.arange(dist.get_rank(), 256, dist.get_world_size())
    for _ in range(4):
        for rows in mine.split(16):
            loss = F.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            if dist.get_rank() == 0:
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
