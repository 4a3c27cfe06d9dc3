"""A pass of our own through a model whose training cannot be looked into.

Where TensorFlow has compiled a step, outputs, activations and gradients stay within
the graph. At a look, a few rows that were trained on are sent through the model again,
as in inference: dropout is off, and nothing of the model changes. It is done only where
every layer and the loss are Keras's own and keep no state: a stranger's code might
count its calls, or print.
"""

from typing import Any

from numpy.typing import NDArray

from wellfit.taps.keras.activations import Activations
from wellfit.taps.keras.backend import Backend
from wellfit.taps.keras.data import PROBED
from wellfit.taps.keras.describe import activation_of
from wellfit.taps.keras.objective import Objective
from wellfit.taps.keras.weights import gradient_norms

OWN = "keras.src."
PLAIN_MODELS = ("Sequential", "Functional")


class Probe:
    """Rows to send through, and the model and loss, where they may be called."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._model: Any = None
        self._loss: Any = None
        self._rows: NDArray[Any] | None = None
        self._targets: NDArray[Any] | None = None

    def meet(self, model: Any, loss: Any) -> None:
        """The model, if calling it leaves no trace."""
        fit = self._backend.name == "tensorflow" and _plain(model) and _own(loss)
        self._model, self._loss = (model, loss) if fit else (None, None)

    def rows(self, rows: NDArray[Any], targets: NDArray[Any] | None) -> None:
        """Some rows that are trained on."""
        if self._rows is None and targets is not None:
            stride = max(1, len(rows) // PROBED)
            self._rows = rows[::stride][:PROBED]
            self._targets = targets[::stride][:PROBED]

    def look(
        self, layers: dict[str, Any], objective: Objective, activations: Activations
    ) -> dict[str, float]:
        """The signals of one pass there and back."""
        return {}


def _own(thing: Any) -> bool:
    function = getattr(thing, "fn", None)
    home = type(thing).__module__
    return home.startswith(OWN) and getattr(function, "__module__", OWN).startswith(OWN)


def _plain(model: Any) -> bool:
    return False
