"""Activations between layers are swapped, and nothing that could be another thing."""

import pytest
import torch

from tests.sources.scripts import HEAD, change, edited, losses_of, same
from wellfit.sources.activations import swap_functions

SWAP = change("swap-activations", to="relu")
FUNCTIONS = {"swap-activations": swap_functions}
NET = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.second = nn.Linear(8, 8)
        self.drop = nn.Dropout(0.1)
        self.act = nn.Tanh()
        self.last = nn.Linear(8, 1)

    def forward(self, x):
{forward}

net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
losses = []
for step in range(4):
    optimizer.zero_grad()
    loss = F.mse_loss(net(x).reshape(-1, 1), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
"""
)


def net(forward):
    return NET.format(forward="\n".join(f"        {line}" for line in forward))


NAMED = net(
    [
        "x = torch.sigmoid(self.first(x))  # squashed",
        "x = self.drop(x)",
        "h = self.second(x).tanh()",
        "return self.last(h)",
    ]
)


def test_functions_between_layers_are_swapped():
    new, _ = edited(NAMED, SWAP, edits=FUNCTIONS)
    assert "x = torch.relu(self.first(x))  # squashed" in new
    assert "h = torch.relu(self.second(x))" in new
    assert len(new.splitlines()) == len(NAMED.splitlines())
    by_hand = NAMED.replace("torch.sigmoid", "torch.relu").replace("tanh", "relu")
    assert torch.equal(losses_of(new), losses_of(by_hand))
    assert edited(new, SWAP, edits=FUNCTIONS)[0] == new


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("F.tanh(self.first(x))", "F.leaky_relu(self.first(x))"),
        (
            "torch.relu(self.drop(self.first(x)))",
            "F.leaky_relu(self.drop(self.first(x)))",
        ),
        (
            "self.first(x).sigmoid().flatten(1)",
            "F.leaky_relu(self.first(x)).flatten(1)",
        ),
        (
            "F.dropout(F.relu(self.first(x)), 0.1)",
            "F.dropout(F.leaky_relu(self.first(x)), 0.1)",
        ),
    ],
)
def test_whatever_way_they_are_written(line, becomes):
    code = net([f"return self.last(self.second({line}))"])
    swap = change("swap-activations", to="leaky-relu")
    new, _ = edited(code, swap, edits=FUNCTIONS)
    assert new == code.replace(line, becomes)


@pytest.mark.parametrize(
    "forward",
    [
        ["return torch.sigmoid(self.last(self.first(x)))"],  # the output
        ["h = self.first(x)", "g = torch.sigmoid(h)", "return self.last(g * h)"],
        ["h = torch.tanh(self.first(x))", "return self.last(self.second(h) + h)"],
        ["return self.last(self.first(torch.tanh(x)) if 1 else x)"],  # of the input
        [
            "h = torch.tanh(self.first(x))",
            "if len(h): h = h * 2",
            "return self.last(h)",
        ],
        ["h = torch.tanh(self.first(x))", "self.kept = h", "return self.last(h)"],
        ["return self.last(torch.tanh(self.first(x)), torch.tanh(self.first(x)))"],
    ],
)
def test_what_may_be_a_gate_or_an_output_stays(forward):
    code = net(forward)
    new, left = edited(code, SWAP, edits=FUNCTIONS)
    assert new == code
    assert left


SEQUENTIAL = NET.replace(
    "{forward}", "        return self.last(self.act(self.first(x)))"
)
PLAIN = """
net = nn.Sequential(
    nn.Linear(4, 8),
    nn.Sigmoid(),  # as in the book
    nn.Linear(8, 1),
    {end}
)
"""
PLAIN = HEAD + PLAIN + NET[NET.index("\noptimizer") :]


@pytest.mark.parametrize(
    "code",
    [SEQUENTIAL, PLAIN.replace("{end}", ""), PLAIN.replace("{end}", "nn.Tanh(),")],
)
def test_modules_are_swapped_as_they_are_while_it_trains(code):
    new = same(code, SWAP)
    assert "nn.ReLU()" in new
    assert ("nn.Tanh()," in new) == ("nn.Tanh()," in code)


def test_a_module_that_may_be_anything_is_left():
    code = net(["return self.last(self.first(x) * self.act(self.first(x)))"])
    new, left = edited(code, SWAP)
    assert new == code
    assert "not sure what comes after" in left[SWAP.id]
