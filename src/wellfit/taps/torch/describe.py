"""A model and its optimizer in words and numbers: facts fit for JSON."""

import sys
from typing import Any

import torch
from torch import Tensor, nn

from wellfit.taps.torch.layers import activation_of

PLAIN = (bool, int, float, str, type(None))
DROPOUTS = (nn.modules.dropout._DropoutNd,)


def layers_of(root: nn.Module) -> dict[str, nn.Module]:
    """The modules that do something themselves: leaves, and owners of parameters."""
    return {
        name or type(root).__name__: module
        for name, module in root.named_modules()
        if not any(True for _ in module.children()) or _own(module)
    }


def _own(module: nn.Module) -> dict[str, nn.Parameter]:
    return dict(module.named_parameters(recurse=False))


def model_fact(
    names: list[str], layers: dict[str, nn.Module], parameters: dict[str, Tensor]
) -> dict[str, Any]:
    """The fact `model`: `names` of its roots, its layers in forward order."""
    return {
        "class": " + ".join(names),
        "parameters": sum(p.numel() for p in parameters.values()),
        "trainable": sum(p.numel() for p in parameters.values() if p.requires_grad),
        "frozen": [n for n, p in parameters.items() if not p.requires_grad],
        "layers": [_layer(name, module, parameters) for name, module in layers.items()],
    }


def _layer(
    name: str, module: nn.Module, parameters: dict[str, Tensor]
) -> dict[str, Any]:
    own = {id(p) for p in _own(module).values()}
    tensors = {n: p for n, p in parameters.items() if id(p) in own}
    dropped = getattr(module, "p", None) if isinstance(module, DROPOUTS) else None
    return {
        "name": name,
        "kind": type(module).__name__,
        "parameters": sum(p.numel() for p in tensors.values()),
        "tensors": list(tensors),
        "sizes": [p.numel() for p in tensors.values()],
        "activation": activation_of(module),
    } | ({} if dropped is None else {"dropout": float(dropped)})


def optimizer_fact(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The fact `optimizer`: its kind, and the settings of its groups."""
    return {
        "kind": type(optimizer).__name__,
        "groups": [
            {"parameters": len(group["params"])}
            | {k: _plain(v) for k, v in group.items() if k != "params" and _said(v)}
            for group in optimizer.param_groups
        ],
    }


def _said(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.numel() == 1
    items = value if isinstance(value, (tuple, list)) else (value,)
    return all(isinstance(v, PLAIN) for v in items)


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return float(value)
    return list(value) if isinstance(value, tuple) else value


def seeds_fact() -> dict[str, Any]:
    """The fact `seeds`: torch's; NumPy's where it was seeded with a number."""
    seeds: dict[str, Any] = {"torch": torch.initial_seed()}
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        kind, keys, place, *_ = numpy.random.get_state()
        if kind == "MT19937" and place == 624 and int(keys[0]) < 2**32:
            seeds["numpy"] = int(keys[0])
    return seeds


def versions_fact() -> dict[str, str]:
    """The fact `versions` of what matters to a PyTorch training."""
    wanted = ("torch", "numpy", "sklearn", "pandas", "torchvision", "lightning")
    loaded = {n: sys.modules[n] for n in (*wanted, "transformers") if n in sys.modules}
    found = {n: str(getattr(m, "__version__", "unknown")) for n, m in loaded.items()}
    return {"python": sys.version.split()[0], **found}
