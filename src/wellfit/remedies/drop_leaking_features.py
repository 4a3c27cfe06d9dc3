"""drop-leaking-features"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.run import Run
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class DropLeakingFeatures(Remedy):
    """Leave out columns that give the target away.

    ## What it does
    The columns that are named in `columns` are left out, of what is trained on and of
    what is predicted. Of a table whose columns have no names, `input 3` is the fourth.

    ## What it costs
    What those columns honestly tell. Scores fall where they did leak: they were too
    good to be true, which is why no trial can prove this remedy.

    ## When it cannot be applied
    Where no column has such a name.

    ## References
    Kaufman et al. (2012), Leakage in data mining.
    """

    touches: ClassVar = ("columns",)

    columns: tuple[str, ...] = ()

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """The columns that were found to leak."""
        leaks = finding.rule == "target-leakage" and finding.where
        return (cls(columns=tuple(finding.where)),) if leaks else ()

    def refit(self, fitting: Fitting) -> None:
        """Have them left out."""
        fitting.drop_columns(self.columns)
