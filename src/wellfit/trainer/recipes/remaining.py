"""How far a training is, and how long it will go on at most."""

import time
from dataclasses import dataclass, field

from wellfit.core.recipe import Recipe
from wellfit.trainer.clock import seconds_of
from wellfit.trainer.recipes.stages import lengths_of
from wellfit.trainer.recipes.training import batch_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Remaining:
    """Of `total` steps, None where only the budget ends it, those from `start` on."""

    total: int | None
    start: int
    budget: float | None
    begun: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, recipe: Recipe, *, rows: int, start: int) -> "Remaining":
        """That of a recipe with so many training rows."""
        size, budget = recipe.loop.batch_size, recipe.loop.budget
        epoch = -(-rows // (batch_of(rows) if size == "auto" else size))
        return cls(
            total=lengths_of(recipe, epoch=epoch).total,
            start=start,
            budget=None if budget is None else seconds_of(budget),
        )

    def left(self, step: int) -> float | None:
        """Seconds, at most: early stopping may end it sooner. None: nobody knows."""
        passed = time.monotonic() - self.begun
        limits = [] if self.budget is None else [max(self.budget - passed, 0.0)]
        if self.total is not None and step > self.start:
            limits.append(passed * max(self.total - step, 0) / (step - self.start))
        return min(limits, default=None)
