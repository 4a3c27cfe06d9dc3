"""Callbacks, for those who would rather name wellfit in their script than run it by it.

`LightningCallback` and `TransformersCallback` open a run folder when the training
begins, and close it however it ends; `.folder` and `.run` tell what was seen. Under
Accelerate, as in any loop of one's own, `with wellfit.watch(model):` does the same.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wellfit.taps.lightning_callback import LightningCallback
    from wellfit.taps.transformers_callback import TransformersCallback

# Where each is at home: loaded, and its framework with it, when it is first asked for.
_HOMES = {
    "LightningCallback": ("wellfit.taps.lightning_callback", "LightningCallback"),
    "TransformersCallback": (
        "wellfit.taps.transformers_callback",
        "TransformersCallback",
    ),
}
__all__ = ["LightningCallback", "TransformersCallback"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wellfit.callbacks' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    found = globals()[name] = getattr(import_module(module), attribute)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
