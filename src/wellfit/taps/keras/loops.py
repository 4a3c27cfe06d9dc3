"""Loops of the user's own: a loss that is called, and an optimizer that is applied.

They are seen where steps are computed one by one. A step that a `tf.function` of the
user's own does as a whole cannot be seen, nor what a loop evaluates beside its steps.
"""

import weakref
from collections.abc import Sequence
from typing import Any


class Loop:
    """The models there are, and the latest call of a loss that gradients came of."""

    def __init__(self) -> None:
        self._models: list[weakref.ref[Any]] = []
        self._call: tuple[Any, Any, Any, Any] | None = None

    def made(self, model: Any) -> None:
        """A model is being made."""
        self._models = [ref for ref in self._models if ref() is not None]
        self._models.append(weakref.ref(model))

    def called(self, loss: Any, targets: Any, outputs: Any, value: Any) -> None:
        """A loss was called while gradients were being recorded."""
        self._call = (loss, targets, outputs, value)

    def take(self) -> tuple[Any, Any, Any, Any] | None:
        """The latest call, which is let go of: it holds its graph."""
        call, self._call = self._call, None
        return call

    def holder(self, variables: Sequence[Any]) -> Any:
        """The model that all those variables are of: of several, the largest."""
        wanted = {id(v) for v in variables}
        found, most = None, 0
        for model in (m for ref in self._models if (m := ref()) is not None):
            own = {id(v) for v in model.trainable_variables}
            if wanted <= own and len(own) > most:
                found, most = model, len(own)
        return found
