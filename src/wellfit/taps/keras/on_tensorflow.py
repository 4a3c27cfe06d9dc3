"""Keras's tensors where TensorFlow computes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.eager import context, record
from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function


class OnTensorFlow:
    """Reads TensorFlow's tensors, outside of graphs only."""

    name = "tensorflow"
    function = Function

    def tracing(self) -> bool:
        """Whether a graph is being made: nothing may be read or added there."""
        return not tf.executing_eagerly()

    def recording(self) -> bool:
        """Whether a `GradientTape` is open."""
        return bool(record.could_possibly_record())

    def number(self, value: Any) -> bool:
        """Whether it is a dense tensor that has been computed, or an array."""
        return isinstance(value, (tf.__internal__.EagerTensor, np.ndarray))

    def array(self, value: Any) -> NDArray[Any]:
        """The numbers; of bfloat16 as float32."""
        found = value.numpy() if hasattr(value, "numpy") else np.asarray(value)
        low = found.dtype.kind == "V" or found.dtype.name == "bfloat16"
        return found.astype(np.float32) if low else found

    def held(self, value: Any) -> Any:
        """A tensor remembers no graph here: it is the tape that does."""
        return value

    def fetch(self, scalars: Sequence[Any]) -> list[float]:
        """One after the other: each is computed already, or soon."""
        return [float(np.mean(self.array(s))) for s in scalars]

    def copies(self, variables: Sequence[Any]) -> list[Any]:
        """In the memory of the host."""
        return [np.array(self.array(v.value)) for v in variables]

    def norms(self, tensors: Sequence[Any]) -> list[float]:
        """Of a gradient by rows, those of one row are added up first."""
        return [_norm(self.array(_summed(t))) for t in tensors]

    def moved(self, variables: Sequence[Any], before: Sequence[Any]) -> list[float]:
        """The norms of the differences."""
        pairs = zip(variables, before, strict=True)
        return [_norm(self.array(v.value) - b) for v, b in pairs]

    def seed(self) -> dict[str, int]:
        """TensorFlow's global seed, where one was set."""
        seed = context.global_seed()
        return {} if seed is None else {"tensorflow": int(seed)}


def _norm(values: NDArray[Any]) -> float:
    return float(np.linalg.norm(values.reshape(-1).astype(np.float32)))


def _summed(tensor: Any) -> Any:
    if not isinstance(tensor, tf.IndexedSlices):
        return tensor
    rows, place = tf.unique(tensor.indices)
    return tf.math.unsorted_segment_sum(tensor.values, place, tf.size(rows))


BACKEND = OnTensorFlow()
