"""Gates, in the place of plain recurrent layers of the same sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.core.training import Gating
from wellfit.taps.torch.edits.streams import Stream


class Gated(nn.LSTM):
    """An LSTM that is called as a plain recurrent layer, and gives what that gives."""

    def forward(self, input: Any, hx: Tensor | None = None) -> Any:  # type: ignore[override]  # noqa: A002
        """Outputs and the last states; those of the cells begin at 0."""
        begun = None if hx is None else (hx, torch.zeros_like(hx))
        outputs, (states, _) = super().forward(input, begun)
        return outputs, states


def gate_recurrence(model: nn.Module, kind: Gating) -> int:
    """Put gated layers in the place of plain ones; how many."""
    count = 0
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.RNN:
                setattr(parent, name, _gated(child, kind, count))
                count += 1
            elif type(child) is nn.RNNCell and kind == "gru":
                setattr(parent, name, _gated_cell(child, count))
                count += 1
    return count


def _gated(plain: nn.RNN, kind: Gating, place: int) -> nn.Module:
    make = nn.GRU if kind == "gru" else Gated
    with _drawing(place):
        layer = make(
            plain.input_size,
            plain.hidden_size,
            num_layers=plain.num_layers,
            bias=plain.bias,
            batch_first=plain.batch_first,
            dropout=plain.dropout,
            bidirectional=plain.bidirectional,
        )
    return _placed(layer, plain)


def _gated_cell(plain: nn.RNNCell, place: int) -> nn.Module:
    with _drawing(place):
        cell = nn.GRUCell(plain.input_size, plain.hidden_size, bias=plain.bias)
    return _placed(cell, plain)


def _placed(layer: nn.Module, plain: nn.Module) -> nn.Module:
    weight = next(plain.parameters())
    return layer.to(weight.device, weight.dtype).train(plain.training)


@contextmanager
def _drawing(place: int) -> Iterator[None]:
    """Draw weights by numbers of its own."""
    seed = Stream("gate-recurrence", place).next(torch.device("cpu")).initial_seed()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
