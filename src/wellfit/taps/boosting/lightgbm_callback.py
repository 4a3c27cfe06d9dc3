"""`wellfit.callbacks.LightGBMCallback`: one training of LightGBM, watched."""

from functools import partial
from pathlib import Path
from typing import Any

from lightgbm import Booster
from lightgbm.callback import CallbackEnv

from wellfit.core.run import Run
from wellfit.taps.boosting.following import Following
from wellfit.taps.boosting.lightgbm import LightGBMTap


class LightGBMCallback:
    """Watch `lightgbm.train`, `cv` or an estimator's `fit`; nothing about it changes.

    `out` is the run folder, `wellfit-runs/<time>-lightgbm` by default. `overhead` is
    the share of the time that looking may take; with `every` each so manieth round is
    looked at instead, at any price. Ask for `run` once the training is over. The rows
    are not seen, as they were read before: `wellfit run` sees them.

        watched = LightGBMCallback()
        lightgbm.train(parameters, data, callbacks=[watched])
        print(wellfit.diagnose(watched.run))
    """

    before_iteration = True

    def __init__(
        self,
        *,
        out: str | Path | None = None,
        overhead: float = 0.02,
        every: int | None = None,
    ) -> None:
        self.order = -1  # LightGBM looks for it in the instance
        self._following = Following(
            "lightgbm", LightGBMTap, out=out, overhead=overhead, every=every
        )

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._following.folder

    @property
    def run(self) -> Run:
        """All that was seen; the watching ends with it."""
        return self._following.run

    def __call__(self, env: CallbackEnv) -> None:
        """Begin to watch, before the first round."""
        if env.iteration == env.begin_iteration:
            self._following.begin("train" if isinstance(env.model, Booster) else "cv")

    def __reduce__(self) -> Any:
        """Copied or pickled with an estimator, it is a new one of the same settings."""
        return partial(type(self), **self._following.options), ()
