"""The contract of remedies: all of ours keep it, and what breaks it is told."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from wellfit.contracts import check_remedy
from wellfit.contracts.check_remedy import Check, checks_of
from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Training
from wellfit.remedies.clip_gradients import ClipGradients
from wellfit.remedies.plans import acts
from wellfit.remedies.remedy import Remedy

ALL = [check for kind in acts().values() for check in checks_of(kind)]


@pytest.mark.parametrize("check", ALL, ids=str)
def test_promise(check: Check) -> None:
    check()


@dataclass(frozen=True, kw_only=True, slots=True)
class Careless(Remedy):
    """Does nothing."""

    strength: float = 1.0

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        return (ClipGradients(),)

    def apply(self, training: Training) -> None:
        pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Fickle(Remedy):
    """Asks for something else each time, and proposes too much."""

    touches: ClassVar = ("gradients",)
    times: ClassVar[list[int]] = []

    strength: float = 1.0

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        return tuple(cls(strength=float(i)) for i in range(9))

    def apply(self, training: Training) -> None:
        self.times.append(1)
        if len(self.times) % 2:
            training.clear_gradients()
        else:
            training.clip_gradients(1.0)


@pytest.mark.parametrize(
    ("promise", "kind", "said"),
    [
        ("check_page_is_complete", Careless, "add careless to the catalogue"),
        ("check_name_fits_file", Careless, "put Careless into careless.py"),
        ("check_round_trip", Careless, "no change 'careless'"),
        ("check_edits", Careless, "must ask the training for an edit"),
        ("check_proposals", Careless, "leave them to others"),
        ("check_edits", Fickle, "asks for other edits the second time"),
        ("check_proposals", Fickle, "a few will do"),
    ],
)
def test_what_breaks_it_is_told(promise: str, kind: type[Remedy], said: str) -> None:
    with pytest.raises(Exception, match=said):
        getattr(check_remedy, promise)(kind)
