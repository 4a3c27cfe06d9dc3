"""Breast cancer, one patient a step: a loss of pure noise, and a good model."""

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def main(epochs=4, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=seed)
    scaler = StandardScaler().fit(X)
    X, X_test = (torch.tensor(scaler.transform(part)).float() for part in (X, X_test))
    y, y_test = torch.tensor(y).float(), torch.tensor(y_test).float()

    net = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1))
    bce = nn.BCEWithLogitsLoss()
    sgd = torch.optim.SGD(net.parameters(), lr=0.01)
    for epoch in range(epochs):
        for i in torch.randperm(len(X)):
            loss = bce(net(X[i : i + 1]).view(-1), y[i : i + 1])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
        with torch.no_grad():
            out = net(X_test).view(-1)
            val = bce(out, y_test).item()
            right = ((out > 0) == (y_test > 0.5)).float().mean().item()
        print(f"epoch {epoch}: val {val:.4f}, accuracy {right:.4f}")


if __name__ == "__main__":
    main()
