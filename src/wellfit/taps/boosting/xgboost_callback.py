"""`wellfit.callbacks.XGBoostCallback`: one training of XGBoost, watched."""

from functools import partial
from pathlib import Path
from typing import Any

from xgboost import Booster
from xgboost.callback import TrainingCallback

from wellfit.core.run import Run
from wellfit.taps.boosting.following import Following
from wellfit.taps.boosting.xgboost import XGBoostTap


class XGBoostCallback(TrainingCallback):
    """Watch `xgboost.train`, `cv` or an estimator's `fit`; nothing about it changes.

    `out` is the run folder, `wellfit-runs/<time>-xgboost` by default. `overhead` is
    the share of the time that looking may take; with `every` each so manieth round is
    looked at instead, at any price. Ask for `run` once the training is over. The rows
    are not seen, as they were read before: `wellfit run` sees them.

        watched = XGBoostCallback()
        xgboost.train(parameters, data, callbacks=[watched])
        print(wellfit.diagnose(watched.run))
    """

    def __init__(
        self,
        *,
        out: str | Path | None = None,
        overhead: float = 0.02,
        every: int | None = None,
    ) -> None:
        super().__init__()
        self._following = Following(
            "xgboost", XGBoostTap, out=out, overhead=overhead, every=every
        )

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._following.folder

    @property
    def run(self) -> Run:
        """All that was seen; the watching ends with it."""
        return self._following.run

    def before_training(self, model: Any) -> Any:
        """Begin to watch."""
        self._following.begin("train" if isinstance(model, Booster) else "cv")
        return model

    def after_training(self, model: Any) -> Any:
        """Write the rest."""
        self._following.end()
        return model

    def __reduce__(self) -> Any:
        """Copied or pickled with an estimator, it is a new one of the same settings."""
        return partial(type(self), **self._following.options), ()
