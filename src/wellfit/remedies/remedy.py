"""What every remedy is: one act, which edits a training, or says why it cannot."""

import re
from dataclasses import asdict, dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.fitting import Fitting
from wellfit.core.plan import Change
from wellfit.core.run import Run
from wellfit.core.training import Training

ESTIMATORS = ("sklearn", "xgboost", "lightgbm")  # frameworks whose trainings are fits


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """One act. Its docstring is the page that `wellfit explain` prints.

    Its fields are its parameters, each with the usual value; `BadSetting` for one that
    it cannot have. `touches` names all that it changes. It has an act for trainings by
    gradients (`apply`), one for the fits of estimators (`refit`), or both.
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

    def apply(self, training: Training) -> None:
        """Edit a training by gradients."""
        training.cannot("it is for estimators, and this is a training by gradients")

    def refit(self, fitting: Fitting) -> None:
        """Edit the fits of estimators."""
        fitting.cannot("it is for trainings by gradients, and estimators are fitted")

    @classmethod
    def suits(cls, run: Run) -> bool:
        """Whether it has an act for what was trained in a run."""
        if fitted(run):
            return cls.refit is not Remedy.refit
        return cls.apply is not Remedy.apply


def fitted(run: Run) -> bool:
    """Whether what was trained is an estimator."""
    framework = (run.facts.get("command") or {}).get("framework")
    return framework in ESTIMATORS


def steps_of(run: Run) -> int | None:
    """How many steps its training had; None where that is not known."""
    steps = (run.facts.get("training") or {}).get("steps")
    return steps if isinstance(steps, int) and steps > 0 else None


def is_of_classes(run: Run) -> bool:
    """Whether classes are told apart, for all that is known."""
    objective = run.facts.get("objective") or {}
    return objective.get("task") not in ("regression", "other")


def shape_of(run: Run) -> tuple[int, ...] | None:
    """Of a row that enters the model, if that is numbers; None where not known."""
    inputs = run.facts.get("inputs") or {}
    if "float" not in str(inputs.get("dtype", "")):
        return None
    return tuple(inputs.get("shape") or ()) or None
