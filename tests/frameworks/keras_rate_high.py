"""Faulty: a learning rate hundreds of times too high."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(9)
rng = np.random.default_rng(9)
x = rng.normal(size=(400, 6)).astype("float32")
y = (x[:, :3] @ rng.normal(size=(3, 3))).argmax(1)
model = keras.Sequential(
    [
        layers.Dense(16, activation="relu"),
        layers.Dense(16, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]
)
rate = keras.optimizers.Adam(3.0)
model.compile(
    rate, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
)
history = model.fit(x, y, epochs=5, validation_split=0.2, verbose=0)
told(model, loss=history.history["loss"])
