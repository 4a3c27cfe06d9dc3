"""stop-early"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy, fitted

SHARE = 10  # of the evaluations: patience is the tenth part


@dataclass(frozen=True, kw_only=True, slots=True)
class StopEarly(Remedy):
    """Keep the weights that were best on validation rows.

    ## What it does
    Where the validation loss has not been below its least for `patience` evaluations,
    the weights and the statistics of norms that were best are put back, and no further
    step is taken: the script goes on to its end with them. Evaluations are those that
    the run records as `val/loss`.

    Of estimators, those that can stop by themselves do, on a tenth of the rows:
    scikit-learn's boosting, perceptrons and SGD. XGBoost and LightGBM stop after
    `patience` rounds that do not help a tenth of the training rows, which are held out.

    ## What it costs
    Memory as large as the weights. The script takes its time to the end, as nothing
    breaks its loop.

    ## When it cannot be applied
    Where no validation loss is computed by a loss of PyTorch's, no evaluation comes
    after the patience is at its end, or several processes train together.

    ## References
    Prechelt (1998), Early stopping, but when?
    """

    touches: ClassVar = ("duration",)

    patience: int = 10

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise BadSetting(f"patience must be 1 or more; got {self.patience}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """A tenth of the evaluations, where there were as many after the best."""
        if fitted(run):
            return (cls(),)
        losses = run.get("val/loss")
        if losses is None or not len(losses):
            return ()
        count = len(losses)
        patience = max(1, count // SHARE)
        after = count - 1 - int(np.argmin(np.nan_to_num(losses.values, nan=np.inf)))
        return (cls(patience=patience),) if after > patience else ()

    def apply(self, training: Training) -> None:
        """Have it ended."""
        training.stop_early(self.patience)

    def refit(self, fitting: Fitting) -> None:
        """Have them stop."""
        fitting.stop_early(self.patience)
