"""Where Keras 3 is met, on PyTorch and on TensorFlow: the tap."""

from wellfit.taps.keras.tap import KerasTap as KerasTap
