"""What every remedy is: one act, which edits a training, or says why it cannot."""

import re
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.plan import Change
from wellfit.core.run import Run
from wellfit.core.training import Training


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy(ABC):
    """One act. Its docstring is the page that `wellfit explain` prints.

    Its fields are its parameters, each with the usual value; `BadSetting` for one that
    it cannot have. `touches` names all that it changes.
    """

    touches: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def name(cls) -> str:
        """The remedy's public name: `ClipGradients` is `clip-gradients`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple["Remedy", ...]:
        """What to try against what was found in a run: one to a few, by their promise.

        Empty where the run lacks what the parameters hang on.
        """
        return (cls(),)

    @property
    def change(self) -> Change:
        """The act as plain data."""
        return Change(change=self.name(), params=asdict(self))

    @abstractmethod
    def apply(self, training: Training) -> None:
        """Edit the training."""


def steps_of(run: Run) -> int | None:
    """How many steps its training had; None where that is not known."""
    steps = (run.facts.get("training") or {}).get("steps")
    return steps if isinstance(steps, int) and steps > 0 else None
