"""A Sequential classifier on arrays, fitted twice: healthy."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(600, 12)).astype("float32")
y = (x[:, :3] @ rng.normal(size=(3, 3))).argmax(1)

model = keras.Sequential(
    [
        layers.Dense(32, activation="relu"),
        layers.Dense(16),
        layers.ReLU(),
        layers.Dense(3),
    ]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=0.05)
model.fit(x[:500], y[:500], epochs=6, verbose=2, validation_data=(x[500:], y[500:]))
model.fit(
    x[:500],
    y[:500],
    epochs=10,
    initial_epoch=6,
    callbacks=[plateau],
    validation_data=(x[500:], y[500:]),
    verbose=0,
)
print(model.evaluate(x[500:], y[500:], verbose=0))
