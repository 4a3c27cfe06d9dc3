"""Gradients of four batches a step, zeroed in place; an epoch's last has fewer."""

import torch
from sklearn.datasets import make_friedman2
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def standardised(seed):
    x, y = make_friedman2(n_samples=2100, noise=40.0, random_state=seed)
    x, y = torch.tensor(x).float(), torch.tensor(y).float()
    return (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()


class Trainer:
    def __init__(self, model, accumulate, lr):
        self.model, self.accumulate = model, accumulate
        self.optimizer = torch.optim.RMSprop(model.parameters(), lr=lr, momentum=0.5)
        self.criterion = nn.SmoothL1Loss()
        self.optimizer.zero_grad(set_to_none=False)

    def epoch(self, loader):
        self.model.train()
        for number, (x, y) in enumerate(loader, start=1):
            loss = self.criterion(self.model(x).squeeze(1), y)
            (loss / self.accumulate).backward()
            if number % self.accumulate == 0 or number == len(loader):
                self.optimizer.step()
                self.optimizer.zero_grad(set_to_none=False)

    @torch.no_grad()
    def validate(self, x, y):
        self.model.eval()
        out = self.model(x).squeeze(1)
        r2 = 1 - ((out - y) ** 2).mean() / y.var()
        return self.criterion(out, y).item(), r2.item()


if __name__ == "__main__":
    torch.manual_seed(61)
    torch.set_num_threads(1)
    x, y = standardised(61)
    loader = DataLoader(TensorDataset(x[:1500], y[:1500]), batch_size=14, shuffle=True)
    net = nn.Sequential(nn.Linear(4, 48), nn.GELU(), nn.Dropout(0.02), nn.Linear(48, 1))
    trainer = Trainer(net, accumulate=4, lr=2e-3)
    for epoch in range(20):
        trainer.epoch(loader)
        print(
            "epoch %d: loss %.4f R2 %.4f"
            % (epoch, *trainer.validate(x[1500:], y[1500:]))
        )
