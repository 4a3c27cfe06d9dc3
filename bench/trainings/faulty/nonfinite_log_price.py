"""House prices in thousands (made up), and the error of their logarithms.

Fault: log1p of a prediction that may fall below -1.
RMSLE 2.73; 0.127 without the fault.
"""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class RMSLELoss(nn.Module):
    def __init__(self, lowest=-float("inf")):
        super().__init__()
        self.lowest = lowest
        self.mse = nn.MSELoss()

    def forward(self, pred, actual):
        pred = pred.clamp(min=self.lowest)
        return torch.sqrt(self.mse(torch.log1p(pred), torch.log1p(actual)) + 1e-8)


def houses(n):
    x = torch.randn(n, 6)
    log_price = 0.3 + 0.6 * x[:, 0] + 0.3 * x[:, 1] * x[:, 2] + 0.1 * torch.randn(n)
    return x, 10 * log_price.exp()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    x, price = houses(2000)
    x_val, price_val = houses(500)
    model = nn.Sequential(
        nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1)
    )
    criterion = RMSLELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = DataLoader(TensorDataset(x, price), batch_size=40, shuffle=True)
    for epoch in range(args.epochs):
        model.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(20 + 20 * model(xb).squeeze(1), yb)
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            pred = (20 + 20 * model(x_val).squeeze(1)).clamp(min=0)
            pred = torch.nan_to_num(pred)
            rmsle = (pred.log1p() - price_val.log1p()).square().mean().sqrt()
        print(f"epoch {epoch} loss {loss.item():.4f} val rmsle {rmsle:.4f}")


if __name__ == "__main__":
    main()
