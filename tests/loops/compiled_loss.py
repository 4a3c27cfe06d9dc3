"""torch.compile around model and loss together: the criterion is in the graph."""

import torch
import torch._dynamo
import torch.nn.functional as F
from torch import nn

torch.manual_seed(13)
torch.set_num_threads(1)
torch._dynamo.reset()
torch._dynamo.utils.counters.clear()

x = torch.randn(256, 6)
y = x.sum(1, keepdim=True)
net = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)


@torch.compile(backend="aot_eager", fullgraph=True)
def objective(inputs, targets):
    return F.mse_loss(net(inputs), targets)


for _ in range(5):
    for rows in torch.randperm(256).split(32):
        optimizer.zero_grad()
        loss = objective(x[rows], y[rows])
        loss.backward()
        optimizer.step()
        print("loss", repr(loss.item()))
counters = torch._dynamo.utils.counters
print("graphs", counters["stats"]["unique_graphs"])
print("breaks", sum(counters["graph_break"].values()))
