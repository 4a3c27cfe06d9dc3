"""Complex, integer, half and sparse: parameters that are not plain floats."""

import torch
import torch.nn.functional as F
from torch import nn


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(50, 8, sparse=True)
        self.filter = nn.Parameter(torch.randn(5, dtype=torch.cfloat))
        self.order = nn.Parameter(torch.randperm(8), requires_grad=False)
        self.scale = nn.Parameter(torch.ones((), dtype=torch.bfloat16))
        self.empty = nn.Parameter(torch.empty(0))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))
        self.head = nn.Linear(8, 4)

    def forward(self, tokens):
        self.seen += 1
        rows = self.table(tokens)[..., self.order]
        mixed = torch.fft.irfft(torch.fft.rfft(rows) * self.filter, n=8)
        return self.head(mixed.mean(1) * self.scale)


def main():
    torch.manual_seed(18)
    torch.set_num_threads(1)
    tokens = torch.randint(50, (256, 6))
    y = tokens[:, 0] % 4
    model = Odd()
    sparse = torch.optim.SparseAdam(list(model.table.parameters()), lr=0.02)
    dense = torch.optim.Adam(
        [model.filter, model.scale, model.empty, *model.head.parameters()], lr=0.02
    )
    for _ in range(5):
        for rows in torch.randperm(256).split(32):
            loss = F.cross_entropy(model(tokens[rows]), y[rows])
            dense.zero_grad()
            sparse.zero_grad()
            loss.backward()
            dense.step()
            sparse.step()
            print("loss", repr(loss.item()))


if __name__ == "__main__":
    main()
