"""A Sequential classifier on arrays, fitted twice, on a plateau: healthy."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(1200, 12)).astype("float32")
y = (x[:, :3] @ rng.normal(size=(3, 3))).argmax(1)
train, val = (x[:1000], y[:1000]), (x[1000:], y[1000:])

model = keras.Sequential(
    [
        layers.Dense(24, activation="relu"),
        layers.Dense(16),
        layers.ReLU(),
        layers.Dense(3),
    ]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
first = model.fit(*train, epochs=3, batch_size=64, verbose=2, validation_data=val)
plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=0.05)
second = model.fit(
    *train,
    batch_size=64,
    epochs=7,
    initial_epoch=3,
    callbacks=[plateau],
    validation_data=val,
    verbose=0,
)
rates = second.history["learning_rate"]
last = model.evaluate(*val, verbose=0)
told(model, loss=first.history["loss"], rates=rates, last=last)
