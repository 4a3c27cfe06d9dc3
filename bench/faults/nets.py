"""The networks, each built as its setting says; as users write them.

`cut` is the number of layers behind a detach; `wrong` is how wrong the gradient of a
hand-written activation is.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.faults.setting import Setting

MODULES: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "leaky_relu": nn.LeakyReLU,
    "identity": nn.Identity,
}
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "elu": functional.elu,
    "silu": functional.silu,
    "leaky_relu": functional.leaky_relu,
    "identity": lambda x: x,
}


class HandWritten(torch.autograd.Function):
    """A rectifier whose author has made a mistake in its derivative."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, wrong: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.wrong = wrong
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        factor = torch.ones_like(x)
        factor[:, ::2] = 1 - ctx.wrong
        return gradient * (x > 0) * factor, None


rectified: Callable[[Tensor, float], Tensor] = HandWritten.apply


def activation(s: Setting) -> Callable[[Tensor], Tensor]:
    """A module of its own, or a function."""
    return FUNCTIONS[s.activation] if s.functional else MODULES[s.activation]()


def _norm(kind: str, width: int, dims: int) -> nn.Module:
    if kind == "batch":
        return (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d)[dims](width)
    if kind == "layer":
        return nn.LayerNorm(width) if dims == 0 else nn.GroupNorm(1, width)
    return nn.Identity()


class Layers(nn.Module):
    """Layers of one kind upon each other, and a head; dense where `kernel` is 0."""

    def __init__(
        self, s: Setting, sizes: tuple[int, int], *, dims: int = 0, after: int = 1
    ) -> None:
        super().__init__()
        entering, leaving = sizes
        widths = [entering, *[s.width] * s.depth]
        self.layers = nn.ModuleList(
            _layer(a, b, dims, s.biases) for a, b in pairwise(widths)
        )
        self.norms = nn.ModuleList(_norm(s.norm, s.width, dims) for _ in self.layers)
        acts = [activation(s) for _ in self.layers]
        self.acts = nn.ModuleList(a for a in acts if isinstance(a, nn.Module))
        self._calls = acts
        self.drop = nn.Dropout(s.dropout)
        self.head = nn.Linear(s.width * after, leaving, bias=s.biases)
        self.residual, self.dims, self.wrong = s.residual, dims, s.backward
        self.cut = max(1, round(s.detached * s.depth)) if s.detached else 0

    def forward(self, x: Any) -> Any:
        for place, (layer, norm) in enumerate(
            zip(self.layers, self.norms, strict=True)
        ):
            made = norm(layer(x))
            if self.wrong and place == 0:
                made = rectified(made, self.wrong)
            else:
                made = self._calls[place](made)
            x = x + made if self.residual and made.shape == x.shape else made
            if self.dims and place < 2:
                x = (functional.max_pool1d, functional.max_pool2d)[self.dims - 1](x, 2)
            if self.cut == place + 1:
                x = x.detach()
        return self.head(self.drop(x.flatten(1)))


def _layer(entering: int, leaving: int, dims: int, biases: bool) -> nn.Module:
    if dims == 0:
        return nn.Linear(entering, leaving, bias=biases)
    if dims == 1:
        return nn.Conv1d(entering, leaving, 5, padding=2, bias=biases)
    return nn.Conv2d(entering, leaving, 3, padding=1, bias=biases)


def dense(s: Setting, entering: int, leaving: int) -> nn.Module:
    """A dense net; a plain Sequential where nothing asks for more."""
    if s.residual or s.backward or s.detached or s.functional:
        return Layers(s, (entering, leaving))
    parts: list[nn.Module] = []
    width = entering
    for _ in range(s.depth):
        parts.append(nn.Linear(width, s.width, bias=s.biases))
        if s.norm != "none":
            parts.append(_norm(s.norm, s.width, 0))
        parts.append(MODULES[s.activation]())
        width = s.width
    if s.dropout:
        parts.append(nn.Dropout(s.dropout))
    return nn.Sequential(*parts, nn.Linear(width, leaving, bias=s.biases))


def convolutional(s: Setting, channels: int, side: int, leaving: int) -> nn.Module:
    """A convolutional net over images; halved after each of its first two layers."""
    left = side
    for _ in range(min(s.depth, 2)):
        left //= 2
    return Layers(s, (channels, leaving), dims=2, after=left * left)


def convolutional_1d(s: Setting, channels: int, steps: int, leaving: int) -> nn.Module:
    left = steps
    for _ in range(min(s.depth, 2)):
        left //= 2
    return Layers(s, (channels, leaving), dims=1, after=left)


class Recurrent(nn.Module):
    """A recurrent net; of its last state, or of each where `each` is set."""

    def __init__(
        self, s: Setting, entering: int, leaving: int, *, tokens: bool, each: bool
    ) -> None:
        super().__init__()
        kinds = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
        self.embedding = nn.Embedding(entering, s.width) if tokens else None
        self.rnn = kinds[s.cell](
            s.width if tokens else entering, s.width, s.depth, batch_first=True
        )
        self.drop = nn.Dropout(s.dropout)
        self.head = nn.Linear(s.width, leaving)
        self.each = each

    def forward(self, x: Any) -> Any:
        if self.embedding is not None:
            x = self.embedding(x)
        states, _ = self.rnn(x)
        return self.head(self.drop(states if self.each else states[:, -1]))


class Attention(nn.Module):
    """A small transformer; its tokens are words, or the columns of a table."""

    def __init__(
        self, s: Setting, entering: int, leaving: int, length: int, *, tokens: bool
    ) -> None:
        super().__init__()
        if tokens:
            self.embedding: nn.Module | None = nn.Embedding(entering, s.width)
        else:
            self.embedding = None
            self.columns = nn.Parameter(torch.randn(length, s.width) * 0.5)
        self.places = nn.Parameter(torch.randn(length, s.width) * 0.1)
        heads = 4 if s.width % 4 == 0 else 1
        layer = nn.TransformerEncoderLayer(
            s.width,
            heads,
            2 * s.width,
            s.dropout,
            batch_first=True,
            norm_first=s.residual,
        )
        self.encoder = nn.TransformerEncoder(layer, s.depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(s.width)
        self.head = nn.Linear(s.width, leaving)

    def forward(self, x: Any) -> Any:
        if self.embedding is not None:
            x = self.embedding(x)
        else:
            x = x.unsqueeze(2) * self.columns
        x = self.encoder(x + self.places)
        return self.head(self.norm(x).mean(1))


class Autoencoder(nn.Module):
    def __init__(self, s: Setting, entering: int, code: int) -> None:
        super().__init__()
        self.encoder = dense(s, entering, code)
        self.decoder = dense(s, code, entering)

    def forward(self, x: Any) -> Any:
        return self.decoder(self.encoder(x))


class WithOutput(nn.Module):
    """A net, and what its author put behind it."""

    def __init__(self, net: nn.Module, output: str) -> None:
        super().__init__()
        self.net = net
        kinds = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}
        if output in kinds:
            self.output: nn.Module = kinds[output]()
        else:
            times = output.count("softmax")
            self.output = nn.Sequential(*[nn.Softmax(-1) for _ in range(times)])

    def forward(self, x: Any) -> Any:
        return self.output(self.net(x))


def finished(net: nn.Module, s: Setting) -> nn.Module:
    """The net with its initial weights, and what stands behind its last layer."""
    initialise(net, s)
    return WithOutput(net, s.output) if s.output else net


def weighted(net: nn.Module) -> list[nn.Module]:
    """The layers that have weights of their own, in forward order."""
    found = [m for m in net.modules() if any(True for _ in m.parameters(False))]
    return [m for m in found if not isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]


def initialise(net: nn.Module, s: Setting) -> None:
    """The initial weights that the setting asks for."""
    layers = weighted(net)
    for place, layer in enumerate(layers):
        for name, weight in layer.named_parameters(recurse=False):
            if weight.dim() > 1:
                _fill(weight, s)
            elif s.bias is not None and "bias" in name and place < len(layers) - 1:
                nn.init.constant_(weight, s.bias)


def _fill(weight: Tensor, s: Setting) -> None:
    if s.init == "zeros":
        nn.init.zeros_(weight)
    elif s.init == "constant":
        nn.init.constant_(weight, s.gain)
    elif s.init == "he":
        nn.init.kaiming_normal_(weight)
    elif s.init == "xavier":
        nn.init.xavier_uniform_(weight)
    elif s.init == "orthogonal":
        nn.init.orthogonal_(weight)
    if s.gain != 1.0 and s.init != "constant":
        with torch.no_grad():
            weight.mul_(s.gain)
