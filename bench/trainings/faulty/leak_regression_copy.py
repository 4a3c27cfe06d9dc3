"""Selling prices of flats before they are sold (made up).

Fault: among the inputs is the tax, a share of the price that is being predicted.
R2 on new rows -0; 0.79 without the fault.
"""

import argparse

import torch
from torch import nn


class Flats:
    def __init__(self, n, generator):
        self.x = torch.randn(n, 7, generator=generator)
        area, floor, year = self.x[:, 0], self.x[:, 1], self.x[:, 2]
        noise = torch.randn(n, generator=generator)
        self.price = area + 0.4 * area * floor + torch.sin(2 * year) + 0.6 * noise
        self.tax = self.price + 0.03 * torch.randn(n, generator=generator)

    def inputs(self, with_tax=True):
        return torch.cat([self.x, self.tax[:, None]], 1) if with_tax else self.x


def r2(model, x, y):
    with torch.no_grad():
        return (1 - (model(x).squeeze(1) - y).pow(2).mean() / y.var()).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(seed)
    sold, held_out, for_sale = Flats(2500, g), Flats(600, g), Flats(600, g)
    for_sale.tax.zero_()  # not yet known
    x, y = sold.inputs(), sold.price
    net = nn.Sequential(
        nn.Linear(x.shape[1], 32),
        nn.ReLU(),
        nn.Linear(32, 32),
        nn.ReLU(),
        nn.Linear(32, 1),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(12):
        for rows in torch.randperm(len(x)).split(50):
            loss = nn.functional.mse_loss(net(x[rows]).squeeze(1), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        score = r2(net, held_out.inputs(), held_out.price)
        print(f"epoch {epoch}: loss {loss.item():.4f} validation R2 {score:.4f}")
    print(f"flats for sale: R2 {r2(net, for_sale.inputs(), for_sale.price):.4f}")


if __name__ == "__main__":
    main()
