"""torch.compile, of the model and of a whole loss: one graph, compiled once."""

import torch
import torch._dynamo
from torch import nn

BACKEND = "aot_eager"  # every graph is made; only the C++ compiler is left out


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 32))
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.body(x))))


def main():
    torch.manual_seed(12)
    torch.set_num_threads(1)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    x = torch.randn(320, 8)
    y = x[:, :3].argmax(1)
    net = Net()
    model = torch.compile(net, backend=BACKEND, fullgraph=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(6):
        model.train()
        for rows in torch.randperm(256).split(32):
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))
        model.eval()
        with torch.no_grad():
            print("validation", repr(criterion(model(x[256:]), y[256:]).item()))
    counters = torch._dynamo.utils.counters
    print("graphs", counters["stats"]["unique_graphs"])
    print("breaks", sum(counters["graph_break"].values()))
    print("compiled", counters["stats"]["calls_captured"], "calls")


if __name__ == "__main__":
    main()
