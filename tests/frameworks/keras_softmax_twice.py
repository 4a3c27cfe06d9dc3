"""Faulty: the loss is told that it gets logits, and gets probabilities."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(7)
rng = np.random.default_rng(7)
x = rng.normal(size=(400, 6)).astype("float32")
y = (x[:, :3] @ rng.normal(size=(3, 3))).argmax(1)
model = keras.Sequential(
    [
        layers.Dense(16, activation="relu"),
        layers.Dense(3, activation="softmax"),
        layers.Reshape((3,)),  # behind it, TensorFlow cannot tell whence they came
    ]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("sgd", loss, metrics=["accuracy"])
history = model.fit(x, y, epochs=5, validation_split=0.2, verbose=0)
told(model, loss=history.history["loss"])
