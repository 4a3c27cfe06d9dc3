"""Friedman's first problem, little noise: an MLP explains nearly all of it."""

import torch
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def get_loaders(seed, batch_size=32):
    X, y = make_friedman1(n_samples=2500, noise=0.7, random_state=seed)
    y = (y - y.mean()) / y.std()
    parts = train_test_split(X * 2 - 1, y, test_size=0.2, random_state=seed)
    X_tr, X_va, y_tr, y_va = (torch.tensor(p, dtype=torch.float32) for p in parts)
    train = TensorDataset(X_tr, y_tr[:, None])
    valid = TensorDataset(X_va, y_va[:, None])
    return DataLoader(train, batch_size, shuffle=True), DataLoader(valid, 500)


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.criterion = nn.MSELoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, patience=3, factor=0.3
        )

    def fit(self, train_loader, valid_loader, epochs):
        for epoch in range(epochs):
            train_loss = self.train_epoch(train_loader)
            valid_loss, r2 = self.evaluate(valid_loader)
            self.scheduler.step(valid_loss)
            print(f"{epoch:02d} {train_loss:.4f} {valid_loss:.4f} r2={r2:.4f}")

    def train_epoch(self, loader):
        self.model.train()
        total = 0.0
        for x, y in loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
        return total / len(loader.dataset)

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        x, y = next(iter(loader))
        loss = self.criterion(self.model(x), y).item()
        return loss, 1 - loss / y.var(unbiased=False).item()


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    mlp = nn.Sequential(
        nn.Linear(10, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1)
    )
    Trainer(mlp, lr=3e-3).fit(*get_loaders(0), epochs=22)
