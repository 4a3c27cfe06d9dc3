"""standardize-inputs"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.fitting import Fitting
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class StandardizeInputs(Remedy):
    """Bring every input to mean 0 and standard deviation 1.

    ## What it does
    At the door of the model, what it is called with first is scaled: by column, or of
    images by channel. Mean and deviation are those of the batches trained on so far, up
    to a hundred, and then stay; validation rows are scaled by them. Of an estimator,
    each column of numbers is, by the rows that it is fitted on.

    ## What it costs
    A pass over each batch.

    ## When it cannot be applied
    To inputs that are no numbers, such as tokens: they stay.

    ## References
    LeCun et al. (1998), Efficient BackProp, section 4.3.
    """

    touches: ClassVar = ("inputs",)

    def apply(self, training: Training) -> None:
        """Have them scaled."""
        training.standardize_inputs()

    def refit(self, fitting: Fitting) -> None:
        """Have the columns scaled."""
        fitting.standardize_columns()
