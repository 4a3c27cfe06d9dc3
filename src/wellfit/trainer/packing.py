"""A state taken apart: tensors by name, and the rest as what JSON can hold."""

import math
from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253

from wellfit.core.errors import BadSetting

Tensors = dict[str, torch.Tensor]


def pack(value: Any, tensors: Tensors, path: str = "") -> Any:
    """Plain data of a value, whose tensors are copied into `tensors` by their path.

    What JSON knows not (tuples, keys that are numbers, NaN) becomes a mapping of one
    key that says what it was; every mapping of the value's own is under such a key.
    """
    if isinstance(value, torch.Tensor):
        # A copy, packed densely: the original changes with the next step.
        tensors[path] = torch.empty(value.shape, dtype=value.dtype).copy_(value)
        return {"tensor": path}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        items = {k: pack(v, tensors, _below(path, k)) for k, v in value.items()}
        named = all(isinstance(key, str) for key in items)
        return {"dict": items} if named else {"items": [[*i] for i in items.items()]}
    if isinstance(value, list | tuple):
        parts = [pack(v, tensors, _below(path, i)) for i, v in enumerate(value)]
        return parts if isinstance(value, list) else {"tuple": parts}
    raise BadSetting(
        "a checkpoint holds numbers, texts, tensors, and lists and mappings of them; "
        f"{path} is a {type(value).__name__}"
    )


def _below(path: str, key: object) -> str:
    return f"{path}/{key}" if path else str(key)


def unpack(said: Any, tensors: Tensors) -> Any:
    """The value that `pack` took apart."""
    if isinstance(said, list):
        return [unpack(part, tensors) for part in said]
    if not isinstance(said, dict):
        return said
    ((kind, inner),) = said.items()
    if kind == "tensor":
        # Memory of its own: where a read file has a tensor, sums over it may be done
        # in another order than where PyTorch puts one.
        return tensors[inner].clone()
    if kind == "float":
        return float(inner)
    if kind == "dict":
        return {key: unpack(value, tensors) for key, value in inner.items()}
    parts = [unpack(part, tensors) for part in inner]
    return tuple(parts) if kind == "tuple" else dict(parts)
