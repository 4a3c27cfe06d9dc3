"""What of a training a Change can edit, whatever framework it is written in."""

from typing import Protocol


class Training(Protocol):
    """A training by gradients, as a remedy meets it: made by a tap.

    Each edit holds from the next step on, for all that is trained.
    """

    def scale_rates(self, factor: float) -> None:
        """Take every learning rate times a factor, whatever a schedule makes of it."""

    def clip_gradients(self, norm: float) -> None:
        """Before each step, shorten gradients whose global norm (L2) is larger."""
