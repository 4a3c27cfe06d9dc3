"""Faulty: few rows, noisy labels, a large net, and far too many epochs."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(10)
rng = np.random.default_rng(10)
x = rng.normal(size=(260, 20)).astype("float32")
y = ((x[:, 0] > 0) ^ (rng.random(260) < 0.25)).astype("float32")
model = keras.Sequential(
    [
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy", metrics=["accuracy"])
val = (x[60:], y[60:])
history = model.fit(
    x[:60], y[:60], epochs=25, batch_size=30, validation_data=val, verbose=0
)
told(model, loss=history.history["loss"])
