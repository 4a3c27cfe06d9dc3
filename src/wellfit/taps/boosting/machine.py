"""A booster, as either framework's tap hands it to what records a training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from wellfit.taps.boosting.objectives import Objective
from wellfit.taps.boosting.scores import Floats, Seen
from wellfit.taps.boosting.trees import Tree


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a booster was made with, known once a round is done."""

    booster: str  # gbtree, dart, gblinear; gbdt, rf, goss
    objective: Objective
    features: int
    before: int = 0  # rounds of the model that is trained further
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    @property
    def linear(self) -> bool:
        """Whether it has no trees."""
        return self.booster == "gblinear"


class Machine(Protocol):
    """One booster. Data sets are named by their place: 0 is what it trains on."""

    @property
    def alive(self) -> bool:
        """Whether it is still there: what records a training keeps none alive."""

    def settings(self) -> Settings:
        """What it was made with."""

    def rate(self) -> float | None:
        """The learning rate of the latest round."""

    def targets(self) -> tuple[Floats, Floats | None] | None:
        """The training set's targets and weights."""

    def see(self, place: int) -> Seen | None:
        """Predictions of a data set; None where looking would not be free of harm."""

    def trees(self, first: int, count: int) -> list[Tree]:
        """The trees of so many rounds from that one on, counted with those before."""

    def rounds(self) -> int:
        """Rounds whose trees it has, those before among them."""

    def best(self) -> int | None:
        """The best round of this training, 1 the first, where one was chosen."""

    def importance(self) -> dict[str, dict[str, float]]:
        """By kind, `gain` and `split`: feature → number."""
