"""Callbacks, for those who would rather name wellfit in their script than run it by it.

Each opens a run folder when the training begins, and closes it however it ends;
`.folder` and `.run` tell what was seen. Under Accelerate, as in any loop of one's own,
`with wellfit.watch(model):` does the same.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wellfit.taps.boosting.lightgbm_callback import LightGBMCallback
    from wellfit.taps.boosting.xgboost_callback import XGBoostCallback
    from wellfit.taps.keras.callback import KerasCallback
    from wellfit.taps.lightning_callback import LightningCallback
    from wellfit.taps.transformers_callback import TransformersCallback

# Where each is at home: loaded, and its framework with it, when it is first asked for.
_HOMES = {
    "KerasCallback": "wellfit.taps.keras.callback",
    "LightGBMCallback": "wellfit.taps.boosting.lightgbm_callback",
    "LightningCallback": "wellfit.taps.lightning_callback",
    "TransformersCallback": "wellfit.taps.transformers_callback",
    "XGBoostCallback": "wellfit.taps.boosting.xgboost_callback",
}
__all__ = [
    "KerasCallback",
    "LightGBMCallback",
    "LightningCallback",
    "TransformersCallback",
    "XGBoostCallback",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wellfit.callbacks' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
