"""Modules that return dicts, tuples, dataclasses, nested tensors, text and nothing."""

from collections import namedtuple
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Pair = namedtuple("Pair", ["scores", "extra"])


@dataclass
class Output:
    scores: Tensor
    hidden: list[Tensor]
    note: str = "as it is"


class Silent(nn.Module):
    """Counts, and returns nothing."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(3))
        self.calls = 0

    def forward(self, *, text):
        self.calls += len(text)


class Ragged(nn.Module):
    """Sequences of several lengths, as a nested tensor."""

    def __init__(self):
        super().__init__()
        self.line = nn.Linear(4, 8)

    def forward(self, rows):
        nested = torch.nested.nested_tensor(list(rows), layout=torch.jagged)
        return self.line(nested)


class Boxed(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.Linear(8, 3)

    def forward(self, box):
        return {"scores": self.line(box["x"]), "labels": ["a", "b"], "none": None}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.ragged, self.boxed, self.silent = Ragged(), Boxed(), Silent()

    def forward(self, rows, *, text="x"):
        nested = self.ragged(rows)
        self.silent(text=text)
        means = torch.stack([part.mean(0) for part in nested.unbind()])
        found = self.boxed({"x": means})
        scores = found["scores"] + self.silent.bias
        return Output(scores, [means]), Pair(scores, None)


def main():
    torch.manual_seed(19)
    torch.set_num_threads(1)
    rows = [torch.randn(1 + i % 4, 4) for i in range(64)]
    y = torch.stack([r.mean(0)[:3].argmax() for r in rows])
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(6):
        for chosen in torch.randperm(64).split(16):
            output, pair = model([rows[i] for i in chosen], text="hello")
            assert pair.extra is None
            loss = F.cross_entropy(output.scores, y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))


if __name__ == "__main__":
    main()
