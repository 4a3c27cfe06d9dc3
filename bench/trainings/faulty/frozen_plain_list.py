"""A regression on ten columns with an MLP whose hidden layers are made in a loop.

Fault: the hidden layers are kept in a plain list, so that parameters() misses them.
R2 0.35; 0.97 without the fault.
"""

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

as_list = list


class MLP(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.hidden = as_list(
            nn.Linear(a, b) for a, b in zip(dims[:-2], dims[1:-1], strict=True)
        )
        self.out = nn.Linear(dims[-2], dims[-1])

    def forward(self, x):
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.out(x)


class Experiment:
    def __init__(self, seed=21):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        x, y = make_friedman1(n_samples=2400, noise=0.5, random_state=seed)
        x = torch.tensor((x - 0.5) / 0.29, dtype=torch.float32)
        y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32).unsqueeze(1)
        self.train = TensorDataset(x[:1800], y[:1800])
        self.val = TensorDataset(x[1800:], y[1800:])
        self.model = MLP([10, 24, 12, 1])
        self.criterion = nn.MSELoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=5e-3)

    def epoch(self):
        for x, y in DataLoader(self.train, batch_size=60, shuffle=True):
            self.optimizer.zero_grad(set_to_none=True)
            self.criterion(self.model(x), y).backward()
            self.optimizer.step()

    @torch.no_grad()
    def score(self):
        x, y = self.val.tensors
        mse = self.criterion(self.model(x), y).item()
        return mse, 1 - mse / y.var().item()


experiment = Experiment()
for number in range(30):
    experiment.epoch()
    print("epoch %d: mse %.4f, R2 %.4f" % (number, *experiment.score()))
