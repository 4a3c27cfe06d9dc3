"""Wine cultivars with SGD and momentum.

Fault: a learning rate a thousand times too low.
Accuracy 0.65; 0.98 without the fault.
"""

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class WineDataModule:
    def __init__(self, seed):
        x, y = load_wine(return_X_y=True)
        parts = train_test_split(x, y, test_size=0.3, stratify=y, random_state=seed)
        x_train, x_val, y_train, y_val = parts
        scaler = StandardScaler().fit(x_train)
        self.train = self.wrap(scaler.transform(x_train), y_train)
        self.val = self.wrap(scaler.transform(x_val), y_val)

    @staticmethod
    def wrap(x, y):
        return TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))

    def loaders(self, batch_size):
        return (
            DataLoader(self.train, batch_size, shuffle=True),
            DataLoader(self.val, batch_size),
        )


def accuracy(model, loader):
    with torch.no_grad():
        hits = [(model(x).argmax(1) == y).float() for x, y in loader]
    return torch.cat(hits).mean().item()


def fit(model, train_loader, val_loader, lr=2e-5, epochs=40):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for epoch in range(1, epochs + 1):
        for x, y in train_loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0:
            acc = accuracy(model, val_loader)
            print(f"epoch {epoch}: loss {loss.item():.4f} val acc {acc:.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 3))
    fit(net, *WineDataModule(seed=0).loaders(16))
