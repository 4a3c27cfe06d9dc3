"""What computes beneath Keras: how its tensors are read, and when they can be."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

import keras
from numpy.typing import NDArray

MODULES = {
    "torch": "wellfit.taps.keras.on_torch",
    "tensorflow": "wellfit.taps.keras.on_tensorflow",
}


class Backend(Protocol):
    """The tensors of one backend. Nothing here adds to a graph that is being made."""

    name: str
    function: Any  # the class of compiled functions, whose calls can be seen; or None

    def tracing(self) -> bool:
        """Whether what is called now is only being compiled: there are no numbers."""

    def recording(self) -> bool:
        """Whether gradients will be wanted of what is computed now."""

    def number(self, value: Any) -> bool:
        """Whether that is a tensor, or an array, of numbers at hand."""

    def array(self, value: Any) -> NDArray[Any]:
        """The numbers, for NumPy; not a copy where they need not be moved."""

    def held(self, value: Any) -> Any:
        """A tensor cut off from its graph, to be read later."""

    def fetch(self, scalars: Sequence[Any]) -> list[float]:
        """The values of scalars: numbers, or tensors that were held."""

    def copies(self, variables: Sequence[Any]) -> list[Any]:
        """The values of variables, as they are now."""

    def norms(self, tensors: Sequence[Any]) -> list[float]:
        """The L2 norm of each tensor or copy."""

    def moved(self, variables: Sequence[Any], before: Sequence[Any]) -> list[float]:
        """How far each variable is from its copy (L2)."""

    def seed(self) -> dict[str, int]:
        """The seed in force, where it can be known."""


def backend_of_keras() -> Backend:
    """The backend that this process's Keras computes with; RuntimeError for others."""
    name = keras.backend.backend()
    if name not in MODULES:
        raise RuntimeError(
            f"Keras computes with {name} here; only torch and tensorflow are watched"
        )
    module: Backend = import_module(MODULES[name]).BACKEND
    return module


def number_in(held: Any, backend: Backend) -> float:
    """A number that Keras holds: plain, in a tensor, or in a variable."""
    return backend.fetch([held.value if hasattr(held, "value") else held])[0]
