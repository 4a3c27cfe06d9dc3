"""Tumours with a regularised MLP, few rows, by a class that fits.

Fault: the model is trained in eval(), so that its dropout never acts.
Log loss 0.301; 0.171 without the fault. A weak form.
"""

import torch
from sklearn.datasets import load_breast_cancer
from torch import nn


class Fitter:
    def __init__(self, model, lr=5e-3):
        self.model = model.eval()
        self.loss = nn.BCEWithLogitsLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def fit(self, x, y, x_val, y_val, epochs):
        for epoch in range(epochs):
            for rows in torch.randperm(len(y)).split(16):
                self.optimizer.zero_grad()
                self.loss(self.model(x[rows]).squeeze(1), y[rows]).backward()
                self.optimizer.step()
            accuracy, loss = self.score(x_val, y_val)
            print(f"{epoch:3d} accuracy {accuracy:.4f} log loss {loss:.4f}")

    def score(self, x, y):
        mode = self.model.training
        self.model.eval()
        with torch.no_grad():
            out = self.model(x).squeeze(1)
        self.model.train(mode)
        right = ((out > 0) == (y > 0.5)).float().mean().item()
        return right, self.loss(out, y).item()


torch.manual_seed(15)
torch.set_num_threads(1)
data = load_breast_cancer()
x = torch.tensor(data.data, dtype=torch.float32)
x = (x - x.mean(0)) / x.std(0) + 0.9 * torch.randn(x.shape)
y = torch.tensor(data.target, dtype=torch.float32)
order = torch.randperm(len(y))
x, y = x[order], y[order]
model = nn.Sequential(
    nn.Dropout(0.3),
    nn.Linear(30, 64),
    nn.ReLU(),
    nn.Dropout(0.6),
    nn.Linear(64, 1),
)
Fitter(model).fit(x[:200], y[:200], x[200:], y[200:], epochs=25)
