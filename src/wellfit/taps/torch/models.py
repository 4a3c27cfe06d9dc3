"""Which models are trained: found by watching which modules are called."""

import weakref

import torch
from torch import Tensor, nn

from wellfit.taps.torch.describe import layers_of
from wellfit.taps.torch.doors import Doors


class Models:
    """The models of a training, their layers in forward order, their parameters.

    Until the first optimizer step every module that is called is noted. The roots are
    those that hold parameters of an optimizer and are no part of another such one.
    """

    def __init__(self, doors: Doors, given: nn.Module | None = None) -> None:
        self.roots: dict[str, nn.Module] = {}
        self.layers: dict[str, nn.Module] = {}
        self.parameters: dict[str, Tensor] = {}
        self.outside: dict[
            str, Tensor
        ] = {}  # in the models' graph, and in none of them
        self._given = given
        self._called: dict[int, weakref.ref[nn.Module]] = {}
        self._past: set[int] = set()  # of those, called in an earlier training
        self._names: dict[int, str] = {}
        self._doors = doors

    def listen(self) -> None:
        """Note every module that is called, until the next optimizer is met."""
        self._doors.note = self.note
        self._doors.update()

    def note(self, module: nn.Module) -> None:
        """A module is called."""
        known = self._called.get(id(module))
        if known is None or known() is None:  # an id is used again
            self._called[id(module)] = weakref.ref(module)
            self._past.discard(id(module))

    def forget(self) -> None:
        """The optimizer that was counted is gone, and its models with it, maybe."""
        if self.roots:
            self._past = set(self._called)
        self.roots, self.layers, self.parameters, self._names = {}, {}, {}, {}
        self.outside = {}

    @property
    def main(self) -> nn.Module | None:
        """The first model; None where none was found."""
        return next(iter(self.roots.values()), None)

    def name_of(self, optimizer: torch.optim.Optimizer) -> str:
        """A place that tells an optimizer from others: its first parameter's model."""
        stepped = {id(p) for g in optimizer.param_groups for p in g["params"]}
        for label, root in self.roots.items():
            if any(id(p) in stepped for p in root.parameters()):
                return label
        return type(optimizer).__name__

    def settle(self, optimizer: torch.optim.Optimizer) -> dict[str, nn.Module]:
        """Find the models that the optimizer trains, before its first step.

        Returns those that were not known before, by name.
        """
        self.close()
        called = [m for ref in self._called.values() if (m := ref()) is not None]
        stepped = {id(p) for g in optimizer.param_groups for p in g["params"]}
        roots = [self._given] if self._given is not None else _tops(called, stepped)
        several = len(_tops(called, None)) > 1 and self._given is None
        order = {id(module): place for place, module in enumerate(called)}
        known = {id(root) for root in self.roots.values()}
        found = {}
        for root in roots:
            if id(root) not in known:
                label = self._label(root)
                self.roots[label] = found[label] = root
                self._own(root, label if several else "", order)
        self._loose(optimizer)
        self._stray(called)
        return found

    def _label(self, root: nn.Module) -> str:
        kind = type(root).__name__
        twins = [n for n in self.roots if n.partition(" ")[0] == kind]
        return f"{kind} {len(twins) + 1}" if twins else kind

    def _own(self, root: nn.Module, label: str, order: dict[int, int]) -> None:
        """Layers and parameters in forward order; a shared one under its first name."""
        prefix = f"{label}." if label else ""
        found = layers_of(root)
        last = len(order)
        for own in sorted(found, key=lambda n: order.get(id(found[n]), last)):
            self.layers[prefix + own] = found[own]
        named = {id(p): prefix + n for n, p in root.named_parameters()}
        ordered = [p for m in self.layers.values() for p in m.parameters(recurse=False)]
        for parameter in [*ordered, *root.parameters()]:
            name = named.get(id(parameter))
            if name is not None and id(parameter) not in self._names:
                self._names[id(parameter)] = name
                self.parameters[name] = parameter

    def _loose(self, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if id(parameter) not in self._names:
                    name = f"parameter{len(self._names)}"
                    self._names[id(parameter)] = name
                    self.parameters[name] = parameter

    def _stray(self, called: list[nn.Module]) -> None:
        """Layers in a plain list, say, which PyTorch does not know as the model's.

        They were called, and got a gradient, and are part of nothing that is stepped.
        """
        present = [module for module in called if id(module) not in self._past]
        for place, module in enumerate(_tops(present, None)):
            kind = type(module).__name__
            for own, parameter in module.named_parameters():
                known = id(parameter) in self._names
                if not known and parameter.requires_grad and parameter.grad is not None:
                    self.outside[f"{kind}#{place}.{own}"] = parameter

    def of(self, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
        """The parameters that the optimizer steps, by name, in forward order."""
        stepped = {id(p) for g in optimizer.param_groups for p in g["params"]}
        if not stepped <= self._names.keys():
            self.settle(optimizer)
        return {n: p for n, p in self.parameters.items() if id(p) in stepped}

    def evaluating(self) -> bool:
        """Whether the models are in `eval()` mode."""
        for root in self.roots.values():  # noqa: SIM110 (a generator costs every step)
            if not root.training:
                return True
        return False

    def close(self) -> None:
        """Note no more calls."""
        self._doors.note = None
        self._doors.update()


def _tops(called: list[nn.Module], stepped: set[int] | None) -> list[nn.Module]:
    """Of the modules with parameters (that are stepped), those part of no other."""
    holding = [
        module
        for module in called
        if any(stepped is None or id(p) in stepped for p in module.parameters())
    ]
    inner = {id(part) for m in holding for part in m.modules() if part is not m}
    return [m for m in holding if id(m) not in inner]
