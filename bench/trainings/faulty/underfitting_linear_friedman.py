"""Friedman's first problem with a Trainer of one's own. A weak form.

Fault: the two layers have no activation between them.
R2 0.73; 0.96 without the fault.
"""

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Regressor(nn.Module):
    def __init__(self, n_in, width):
        super().__init__()
        self.l1 = nn.Linear(n_in, width)
        self.l2 = nn.Linear(width, 1)

    def forward(self, x):
        h = self.l1(x)
        return self.l2(h)


class Trainer:
    def __init__(self, model, train, val, lr=3e-3, batch_size=50):
        self.model, self.val = model, val
        self.loader = DataLoader(train, batch_size, shuffle=True)
        self.opt = torch.optim.Adam(model.parameters(), lr)

    def step(self, x, y):
        self.opt.zero_grad()
        loss = nn.functional.mse_loss(self.model(x), y)
        loss.backward()
        self.opt.step()
        return loss.item()

    def run(self, epochs):
        for epoch in range(epochs):
            losses = [self.step(x, y) for x, y in self.loader]
            print(f"{epoch} {sum(losses) / len(losses):.4f} R2 {self.score():.4f}")

    @torch.no_grad()
    def score(self):
        x, y = self.val.tensors
        error = nn.functional.mse_loss(self.model(x), y)
        return (1 - error / y.var(unbiased=False)).item()


if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(1)
    x, y = make_friedman1(3000, noise=0.5, random_state=1)
    x = torch.tensor(2 * x - 1, dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)[:, None]
    train, val = TensorDataset(x[:2400], y[:2400]), TensorDataset(x[2400:], y[2400:])
    Trainer(Regressor(10, 64), train, val).run(20)
