"""An average of the weights that is validated, deep copies, and whole models saved."""

import copy
import io

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(30)
torch.set_num_threads(1)

x = torch.randn(320, 6)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x[:256], y[:256]), 32, shuffle=True)
model = nn.Sequential(
    nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3)
)
average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
snapshots, file = [], io.BytesIO()
for _ in range(4):
    model.train()
    for inputs, targets in loader:
        loss = F.cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update_parameters(model)
        print("loss", repr(loss.item()))
    snapshots.append(copy.deepcopy(model))
    torch.save(model, file)
    average.eval()
    with torch.no_grad():
        print("validation", repr(F.cross_entropy(average(x[256:]), y[256:]).item()))
update_bn(loader, average)
for snapshot in snapshots:
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in snapshot]
    print("hooks in the copy:", hooks)
    print(repr(snapshot.eval()(x[:4]).sum().item()))
