"""`train_on_batch` and `test_on_batch`, with accumulated gradients and penalties."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
x = rng.normal(size=(160, 5)).astype("float32")
y = (x[:, 0] > 0).astype("int32")
model = keras.Sequential(
    [layers.Dense(8, activation="relu", kernel_regularizer="l2"), layers.Dense(1)]
)
loss = keras.losses.BinaryCrossentropy(from_logits=True)
optimizer = keras.optimizers.Adam(0.02, gradient_accumulation_steps=2)
model.compile(optimizer, loss, metrics=["accuracy"])
losses, tested = [], []
parts = [slice(start, start + 20) for start in range(0, 160, 20)]
for _ in range(4):
    losses += [model.train_on_batch(x[part], y[part]) for part in parts[:6]]
    tested += [model.test_on_batch(x[part], y[part]) for part in parts[6:]]
told(model, losses=losses, tested=tested)
