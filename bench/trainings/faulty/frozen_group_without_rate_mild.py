"""Ratings of films by users: factors and a small net on top, with parameter groups.

Fault: the rate of one group comes out as zero.
R2 0.51; 0.72 without the fault. A weak form.
"""

import torch
from torch import nn

CONFIG = {
    "lr": 4e-3,
    "scale": {"factors": 1.0, "net": 1.0, "mixing": 0.0},
    "epochs": 14,
    "batch": 128,
}


class Ratings(nn.Module):
    def __init__(self, users, films, dim=8):
        super().__init__()
        self.user = nn.Embedding(users, dim)
        self.film = nn.Embedding(films, dim)
        self.mixing = nn.Linear(2 * dim, 24)
        self.net = nn.Sequential(nn.ReLU(), nn.Linear(24, 24), nn.ReLU())
        self.last = nn.Linear(24, 1)

    def forward(self, pairs):
        both = torch.cat([self.user(pairs[:, 0]), self.film(pairs[:, 1])], dim=1)
        return self.last(self.net(self.mixing(both))).squeeze(1)


def made_up(users=60, films=50, count=6000):
    taste, kind = torch.randn(users, 3), torch.randn(films, 3)
    pairs = torch.stack(
        [torch.randint(users, (count,)), torch.randint(films, (count,))], dim=1
    )
    score = (taste[pairs[:, 0]] * kind[pairs[:, 1]]).sum(1)
    return pairs, score / score.std() + 0.2 * torch.randn(count)


def groups_of(model):
    parts = {
        "factors": [*model.user.parameters(), *model.film.parameters()],
        "net": [*model.net.parameters(), *model.last.parameters()],
        "mixing": [*model.mixing.parameters()],
    }
    return [
        {"params": params, "lr": CONFIG["lr"] * CONFIG["scale"][name]}
        for name, params in parts.items()
    ]


def main():
    torch.manual_seed(17)
    torch.set_num_threads(1)
    pairs, ratings = made_up()
    train, val = slice(0, 5000), slice(5000, None)
    model = Ratings(60, 50)
    optimizer = torch.optim.AdamW(groups_of(model), weight_decay=1e-4)
    for epoch in range(CONFIG["epochs"]):
        for idx in torch.randperm(5000).split(CONFIG["batch"]):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(pairs[train][idx]), ratings[train][idx])
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            mse = nn.functional.mse_loss(model(pairs[val]), ratings[val])
        r2 = 1 - mse / ratings[val].var()
        print(f"{epoch}: {loss.item():.4f} {mse.item():.4f} {r2.item():.4f}")


if __name__ == "__main__":
    main()
