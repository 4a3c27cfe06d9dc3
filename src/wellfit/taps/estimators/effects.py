"""Which changes of a plan have edited a fit, and why the others have not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wellfit.core.plan import Plan
from wellfit.taps.estimators.given import Unchanged


@dataclass(slots=True, eq=False)
class Effects:
    """A plan, as far as it was made; `applying` is the change that asks for edits."""

    plan: Plan
    lacks: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    applying: str = ""

    @property
    def without(self) -> dict[str, str]:
        """Change → why it has changed no fit."""
        return {
            one.id: self.lacks.get(one.id, "no fit was met that it could change")
            for one in self.plan.changes
            if one.id not in self.done
        }

    def cannot(self, why: str) -> None:
        """The change that is asking is without effect."""
        self.lacks[self.applying] = why

    def make(self, change: str, edit: Callable[[Any], None], fit: Any) -> None:
        """Edit a fit; what cannot be done to it is told, and left."""
        try:
            edit(fit)
        except Unchanged as why:
            self.lacks[change] = str(why)
        except Exception as error:
            self.lacks[change] = f"it fails: {_said(error)}"
        else:
            self.done.add(change)

    def failed(self, what: str, error: Exception) -> None:
        """A fit that was edited fails where the script's own may not."""
        self.done.clear()
        for one in self.plan.changes:
            why = f"{what} cannot be fitted with the plan: {_said(error)}"
            self.lacks.setdefault(one.id, why)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or ['?'])[0]}"
