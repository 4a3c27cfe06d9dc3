"""Edits of a model, made when it is first called: whoever made it knows nothing."""

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.module import register_module_forward_pre_hook

from wellfit.core.training import Activation, Norm, Scheme

Edit = Callable[[nn.Module], int]  # gives how many places were edited

ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "gelu": nn.GELU,
}
SQUASHING = (nn.Sigmoid, nn.Tanh, nn.Hardsigmoid, nn.Hardtanh, nn.Softsign)
CUTTING = (nn.ReLU, nn.ReLU6)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
FITTED = 100  # batches of training that the scale of inputs is fitted on


class ModelEdits:
    """Edits every model that is trained, before its first pass.

    A model is a module that is called by no other, and has a weight to train.
    """

    def __init__(self) -> None:
        self._edits: list[tuple[Edit, Callable[[int], None]]] = []
        self._seen: WeakSet[nn.Module] = WeakSet()
        self._fresh: list[tuple[set[int], list[nn.Parameter]]] = []
        self._hook: Any = None

    def add(self, edit: Edit, tell: Callable[[int], None]) -> None:
        """Have it made; `tell` is told in how many places of each model."""
        self._edits.append((edit, tell))

    def listen(self) -> None:
        """Begin, if there is anything to do."""
        if self._edits:
            self._hook = register_module_forward_pre_hook(self._enter)

    def close(self) -> None:
        """Edit no more."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def join(self, optimizer: torch.optim.Optimizer) -> None:
        """Have an optimizer train what was added to the models that it trains."""
        if not self._fresh:
            return
        group = optimizer.param_groups[0]
        trained = {id(p) for g in optimizer.param_groups for p in g["params"]}
        for known, new in list(self._fresh):
            if known & trained:
                group["params"].extend(p for p in new if id(p) not in trained)
                self._fresh.remove((known, new))

    def _enter(self, module: nn.Module, args: Any) -> Any:
        if module in self._seen or torch.compiler.is_compiling():
            return None
        self._seen.update(module.modules())
        known = [p for p in module.parameters() if p.requires_grad]
        if not known:
            return None
        hooks = set(module._forward_pre_hooks)
        for edit, tell in self._edits:
            tell(edit(module))
        self._seen.update(module.modules())
        ids = {id(p) for p in known}
        new = [p for p in module.parameters() if id(p) not in ids and p.requires_grad]
        if new:
            self._fresh.append((ids, new))
        for name, hook in module._forward_pre_hooks.items():
            if name not in hooks:  # this pass would go by without it
                found = hook(module, args)
                args = args if found is None else found
        return args


def swap_activations(model: nn.Module, to: Activation) -> int:
    """Put other activations in their place, but for one at the output."""
    swapped = SQUASHING if to == "relu" else (*SQUASHING, *CUTTING)
    leaves = [m for m in model.modules() if not next(m.children(), None)]
    count = 0
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, swapped) and child is not leaves[-1]:
                setattr(parent, name, ACTIVATIONS[to]().train(child.training))
                count += 1
    return count


@torch.no_grad()
def reinitialize(model: nn.Module, scheme: Scheme) -> int:
    """Draw all weights anew; biases are 0, and norms as they are made.

    The numbers are of a generator of its own: what the script draws stays the same.
    """
    count = 0
    for module in model.modules():
        weights = dict(module.named_parameters(recurse=False))
        if not weights or not all(p.requires_grad for p in weights.values()):
            continue
        if isinstance(module, NORMS):
            module.reset_parameters()
        elif isinstance(module, (nn.Linear, *CONVOLUTIONS, nn.RNNBase)):
            for weight in weights.values():
                _draw(weight, scheme, place=count)
                count += 1
    return count


def _draw(weight: nn.Parameter, scheme: Scheme, *, place: int) -> None:
    if weight.ndim < 2:
        nn.init.zeros_(weight)
        return
    generator = torch.Generator(weight.device)
    generator.manual_seed((torch.initial_seed() + place) % 2**63)
    if scheme == "he":
        nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
    elif scheme == "xavier":
        nn.init.xavier_normal_(weight, generator=generator)
    else:
        nn.init.orthogonal_(weight, generator=generator)


def normalize(model: nn.Module, kind: Norm) -> int:
    """Normalise what each layer gives but the last; none where there are norms."""
    modules = list(model.modules())
    layers = [m for m in modules if isinstance(m, (nn.Linear, *CONVOLUTIONS))]
    if any(isinstance(m, NORMS) for m in modules):
        return 0
    for layer in layers[:-1]:
        norm = _norm_for(layer, kind).to(layer.weight.device, layer.weight.dtype)
        layer.add_module("normalization", norm.train(layer.training))
        layer.register_forward_hook(_normalized)
    return len(layers[:-1])


def _norm_for(layer: nn.Linear | nn.Module, kind: Norm) -> nn.Module:
    if isinstance(layer, nn.Linear):
        width = layer.out_features
        return nn.BatchNorm1d(width) if kind == "batch" else nn.LayerNorm(width)
    channels: int = layer.out_channels  # type: ignore[assignment]
    if kind == "layer":
        return nn.GroupNorm(1, channels)
    if isinstance(layer, nn.Conv1d):
        return nn.BatchNorm1d(channels)
    planar = isinstance(layer, nn.Conv2d)
    return nn.BatchNorm2d(channels) if planar else nn.BatchNorm3d(channels)


def _normalized(layer: nn.Module, args: Any, outputs: Tensor) -> Tensor:
    norm: Any = layer.normalization
    rows = outputs
    if isinstance(layer, nn.Linear) and isinstance(norm, _BatchNorm):
        rows = outputs.reshape(-1, outputs.shape[-1])  # a token is a row
    if isinstance(norm, _BatchNorm) and norm.training and _alone(rows):
        norm.eval()  # one value has no deviation
        found = norm(rows)
        norm.train()
    else:
        found = norm(rows)
    normalized: Tensor = found.reshape(outputs.shape)
    return normalized


def _alone(rows: Tensor) -> bool:
    return rows.numel() == rows.shape[1]


def by_column(inputs: Tensor) -> Tensor:
    """Rows by columns, or of images pixels by channels."""
    return inputs.detach().movedim(_axis(inputs), -1).flatten(0, -2)


def along(inputs: Tensor, numbers: Tensor) -> Tensor:
    """A number a column, in a shape to be used with the inputs."""
    shape = [-1 if i == _axis(inputs) else 1 for i in range(inputs.ndim)]
    return numbers.to(inputs).view(shape)


def _axis(inputs: Tensor) -> int:
    return 1 if inputs.ndim > 3 else inputs.ndim - 1


class Scale:
    """The scale of inputs: by column, or of images by channel.

    It is fitted on the first batches of training, and stays.
    """

    def __init__(self) -> None:
        self.batches, self.rows = 0, 0
        self.mean: Tensor | None = None
        self.squares: Tensor | None = None  # of the deviations: their sum

    def of(self, inputs: Tensor, *, training: bool) -> Tensor:
        """The inputs, scaled."""
        if training and torch.is_grad_enabled():
            self.see(inputs)
        spread = self.spread
        if self.mean is None or spread is None:
            return inputs
        spread = torch.where(spread > 0, spread, torch.ones_like(spread))
        return (inputs - along(inputs, self.mean)) / along(inputs, spread)

    @property
    def spread(self) -> Tensor | None:
        """The deviation of each column, once something was seen."""
        return None if self.squares is None else (self.squares / self.rows).sqrt()

    def see(self, inputs: Tensor) -> None:
        """A batch is trained on."""
        if self.batches < FITTED:
            self._fit(by_column(inputs).double())

    def _fit(self, rows: Tensor) -> None:
        """Welford (1962), by whole batches (Chan et al., 1979)."""
        self.batches += 1
        count, mean = len(rows), rows.mean(0)
        squares = (rows - mean).square().sum(0)
        if self.mean is None or self.squares is None:
            self.rows, self.mean, self.squares = count, mean, squares
            return
        total, apart = self.rows + count, mean - self.mean
        self.squares += squares + apart.square() * (self.rows * count / total)
        self.mean += apart * (count / total)
        self.rows = total


def standardize_inputs(model: nn.Module) -> int:
    """Scale what a model is given."""
    model.__dict__["scale_of_inputs"] = Scale()  # no child, which containers would call
    model.register_forward_pre_hook(_standardized)
    return 1


def _standardized(model: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_scaled(model, args))


def _scaled(model: nn.Module, args: tuple[Any, ...]) -> Iterator[Any]:
    for place, given in enumerate(args):
        rows = isinstance(given, Tensor) and given.ndim > 1
        if place == 0 and rows and given.is_floating_point():
            scale: Scale = model.__dict__["scale_of_inputs"]
            yield scale.of(given, training=model.training)
        else:
            yield given
