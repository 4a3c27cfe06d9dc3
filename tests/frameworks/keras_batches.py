"""A convolutional net fed by a `PyDataset`, then by a generator."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told


class Shapes(keras.utils.PyDataset):
    def __init__(self, seed, batches):
        super().__init__()
        self.seed, self.batches = seed, batches

    def __len__(self):
        return self.batches

    def __getitem__(self, place):
        return made(np.random.default_rng(self.seed * 100 + place))


def made(rng):
    x = rng.normal(size=(16, 8, 8, 1)).astype("float32")
    y = rng.integers(0, 2, size=16)
    x[y == 1, 2:5, 2:5] += 1.0
    return x, keras.utils.to_categorical(y, 2)


def endless(seed):
    rng = np.random.default_rng(seed)
    while True:
        yield made(rng)


keras.utils.set_random_seed(3)
model = keras.Sequential(
    [
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2, activation="softmax"),
    ]
)
model.compile(
    "adam",
    "categorical_crossentropy",
    metrics=["categorical_accuracy"],
    jit_compile=False,
)
first = model.fit(Shapes(0, 8), epochs=2, validation_data=Shapes(1, 3), verbose=0)
second = model.fit(endless(4), epochs=2, steps_per_epoch=6, verbose=0)
loss = [*first.history["loss"], *first.history["val_loss"], *second.history["loss"]]
told(model, loss=loss)
