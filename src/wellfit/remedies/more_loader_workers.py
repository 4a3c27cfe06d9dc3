"""more-loader-workers"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.errors import BadSetting
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.remedy import Remedy

MOST = 8  # processes that are proposed


@dataclass(frozen=True, kw_only=True, slots=True)
class MoreLoaderWorkers(Remedy):
    """Load batches in more processes.

    ## What it does
    A `DataLoader` that trains, and has no processes, loads in `workers` of them. Rows
    come in the order in which they would, and what the script draws at random stays.
    What a data set itself draws (as augmentations do) is drawn in the processes, and so
    other numbers, as it is with `num_workers` in PyTorch.

    ## What it costs
    Memory of as many processes, and some tenths of a second to start them each epoch.

    ## When it cannot be applied
    To data sets that are streams, where processes cannot be forks (Windows), and once a
    GPU has been used.

    ## References
    The documentation of `torch.utils.data`; Mohan et al. (2021), Analyzing and
    mitigating data stalls in DNN training.
    """

    touches: ClassVar = ("loading",)

    workers: int = 2

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise BadSetting(f"workers must be at least 1; got {self.workers}")

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """One for each core, where these are known; none where there are some."""
        loader = (run.facts.get("loaders") or {}).get("train") or {}
        if loader.get("workers"):
            return ()
        cores = (run.facts.get("machine") or {}).get("cores") or 2
        return (cls(workers=int(min(MOST, max(1, cores)))),)

    def apply(self, training: Training) -> None:
        """Have them load."""
        training.add_workers(self.workers)
