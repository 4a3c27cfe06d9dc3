"""Steps that a `tf.function` of the user's own does as a whole.

Nothing within a graph is touched. While it is made, the optimizer that is applied in it
is noted; each later call of the function is then known to step. What the function
returns, where that is one number, is taken for the loss.
"""

import weakref
from typing import Any


class Functions:
    """The functions that are called at present, and which of them step a model."""

    def __init__(self) -> None:
        self._called: list[Any] = []
        self._steps: weakref.WeakKeyDictionary[Any, tuple[Any, Any]] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def outermost(self) -> bool:
        """Whether no function is being called within another."""
        return len(self._called) == 1

    def enter(self, function: Any) -> None:
        """A function is called."""
        self._called.append(function)

    def leave(self, function: Any) -> None:
        """It has returned, or failed."""
        while self._called and self._called.pop() is not function:
            continue

    def traced(self, optimizer: Any, model: Any) -> None:
        """The optimizer is applied in the graph that is being made."""
        if self._called:
            self._steps[self._called[0]] = (weakref.ref(optimizer), weakref.ref(model))

    def stepping(self, function: Any) -> tuple[Any, Any] | None:
        """The optimizer and the model of a function that steps."""
        optimizer, model = self._steps.get(function, (lambda: None, lambda: None))
        pair = optimizer(), model()
        return None if pair[0] is None or pair[1] is None else pair
