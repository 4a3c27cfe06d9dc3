"""A fit that is being edited, before it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wellfit.taps.estimators.fitted import Edits
from wellfit.taps.estimators.given import Given, Unchanged


@dataclass(kw_only=True, slots=True, eq=False)
class Fit:
    """A fit that is being edited: `raw` as the script does it, `given` as it will be.

    `held` are rows that are held out of it, `edits` what later calls must know, `late`
    what is to be done once the rows are as they will be.
    """

    estimator: Any
    raw: Given
    given: Given
    held: Given | None = None
    edits: Edits = field(default_factory=Edits)
    late: list[Callable[["Fit"], None]] = field(default_factory=list)

    def enter(self, learn: Callable[[Given], Callable[[Any], Any]]) -> None:
        """Have the rows go through what is learnt from them."""
        door = learn(self.given)
        self.given = self.given.with_table(door(self.given.table))
        if self.held is not None:
            self.held = self.held.with_table(door(self.held.table))
        self.edits.doors.append(door)

    def rows(self, edit: Callable[[Given], Given]) -> None:
        """Train on other rows."""
        if self.edits.by_parts:
            raise Unchanged(
                "it is trained batch by batch, and no batch is all its rows"
            )
        self.given = edit(self.given)

    def set(self, values: dict[str, Any], lacking: str) -> None:
        """Have these parameters in force; `Unchanged` where there are none."""
        if not values:
            raise Unchanged(lacking)
        self.edits.params |= values
