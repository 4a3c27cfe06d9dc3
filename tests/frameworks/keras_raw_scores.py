"""Faulty: the loss expects probabilities, its default, and gets raw scores."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(8)
rng = np.random.default_rng(8)
x = rng.normal(size=(400, 6)).astype("float32")
y = (x[:, :3] @ rng.normal(size=(3, 3))).argmax(1)
model = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(3)])
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, epochs=5, validation_split=0.2, verbose=0)
told(model, loss=history.history["loss"])
