"""The checklist of a training: boxes ticked, crossed, or left to a person."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What a box is about: what `check` tried out, or a time of the training."""

    TRIED = "tried"
    BEFORE = "before"
    DURING = "during"
    AFTER = "after"
    ENGINEERING = "engineering"


class State(StrEnum):
    """`ok` and `wrong` were seen by machine; `yours` is for a person to judge."""

    OK = "ok"
    WRONG = "wrong"
    YOURS = "yours"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A box: what it is about, how it stands, and what that rests on, in words."""

    phase: Phase
    item: str
    state: State
    text: str

    def to_json(self) -> dict[str, str]:
        """The box as plain data, in the form that docs/json.md pins."""
        return {
            "phase": str(self.phase),
            "item": self.item,
            "state": str(self.state),
            "text": self.text,
        }
