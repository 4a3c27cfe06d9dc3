"""A pass of our own through a model whose training cannot be looked into.

Where TensorFlow has compiled a step, outputs, activations and gradients stay within
the graph. At a look, a few rows that were trained on are sent through the model again,
as in inference: dropout is off, and nothing of the model changes. It is done only where
every layer and the loss are Keras's own and keep no state: a stranger's code might
count its calls, or print.
"""

from collections.abc import Callable
from typing import Any

import keras
from numpy.typing import NDArray

from wellfit.taps.keras.activations import Activations
from wellfit.taps.keras.backend import Backend
from wellfit.taps.keras.data import PROBED
from wellfit.taps.keras.describe import activation_of
from wellfit.taps.keras.objective import Objective
from wellfit.taps.keras.scores import Scores
from wellfit.taps.keras.weights import gradient_norms

OWN = "keras.src."
PREDICTED = ("top_share", "spread")  # what the predictions of these rows are like
STRANGE = ("Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper")


class Probe:
    """Rows to send through, and the model and loss, where they may be called."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._graph: Any = None  # of layers, where calling them leaves no trace
        self._loss: Any = None
        self._rows: NDArray[Any] | None = None
        self._targets: NDArray[Any] | None = None

    def meet(self, model: Any, loss: Any) -> None:
        """The model and its loss, which are used if that cannot be noticed."""
        graph = getattr(model, "_functional", None) or model
        tensorflow = self._backend.name == "tensorflow"
        if tensorflow and _own(loss) and _plain(model) and _plain(graph):
            self._graph, self._loss = graph, loss

    def rows(self, rows: NDArray[Any], targets: NDArray[Any] | None) -> None:
        """Some rows that are trained on."""
        if self._rows is None and targets is not None and len(rows):
            stride = max(1, len(rows) // PROBED)
            some = rows[::stride][:PROBED]
            kind = keras.config.floatx() if rows.dtype.kind == "f" else rows.dtype
            self._rows, self._targets = some.astype(kind), targets[::stride][:PROBED]

    def look(
        self,
        layers: dict[str, Any],
        variables: dict[str, Any],
        objective: Objective,
        activations: Activations,
    ) -> dict[str, float]:
        """The signals of one pass there and back; none where it must not be done."""
        if self._graph is None or self._rows is None or self._targets is None:
            return {}
        import tensorflow as tf

        names = {id(layer): name for name, layer in layers.items()}
        through: list[tuple[Any, Any]] = []
        held = [v.value for v in variables.values()]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(held)
            rows = tf.convert_to_tensor(self._rows)
            outputs = self._graph._run_through_graph(rows, _heard(through))
            loss = self._loss(tf.convert_to_tensor(self._targets), outputs)
        gradients = dict(zip(variables, tape.gradient(loss, held), strict=True))
        found = gradient_norms(gradients, self._backend)
        for layer, output in through:
            if id(layer) in names and self._backend.number(output):
                name, out = names[id(layer)], self._backend.array(output)
                found |= activations.see(name, activation_of(layer), out)
        given = self._backend.array(outputs)
        scores = Scores(objective.criterion)
        scores.add(given, self._targets)
        found |= {n: v for n, v in scores.result().items() if n in PREDICTED}
        return found | objective.outputs(given, self._targets)


def _heard(through: list[tuple[Any, Any]]) -> Callable[[Any], Any]:
    """Calls operations as in inference, and keeps what they give."""

    def operation(op: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if getattr(op, "_call_has_training_arg", False):
                kwargs["training"] = False
            output = op(*args, **kwargs)
            through.append((op, output))
            return output

        return call

    return operation


def _own(thing: Any) -> bool:
    """Whether it is of Keras's own code, and so is the function that it calls."""
    functions = (thing, getattr(thing, "fn", None), getattr(thing, "activation", None))
    homes = [type(thing).__module__]
    homes += [f.__module__ for f in functions if getattr(f, "__module__", None)]
    return all(home.startswith(OWN) for home in homes)


def _plain(model: Any) -> bool:
    """Whether it is a graph of Keras's own layers that remember nothing of a call."""
    if not _own(model) or len(getattr(model, "inputs", None) or ()) != 1:
        return False
    if len(model.outputs) != 1 or not hasattr(model, "layers"):
        return False
    return all(
        _own(layer)
        and type(layer).__name__ not in STRANGE
        and layer.activity_regularizer is None
        and not getattr(layer, "stateful", False)
        for layer in model._flatten_layers()
    )
