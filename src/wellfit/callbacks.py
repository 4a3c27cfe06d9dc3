"""wellfit's callbacks for those who want one: each is loaded when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wellfit.taps.keras.callback import (
        KerasCallback as KerasCallback,  # noqa: PLC0414
    )

# Where each is at home: its framework is imported with it.
_HOMES = {
    "KerasCallback": ("wellfit.taps.keras.callback", "KerasCallback"),
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wellfit.callbacks' has no attribute {name!r}")
    home, attribute = _HOMES[name]
    found = globals()[name] = getattr(import_module(home), attribute)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
