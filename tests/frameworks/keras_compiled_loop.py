"""A loop of one's own whose step TensorFlow compiles; on PyTorch, by PyTorch's SGD."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(11)
rng = np.random.default_rng(11)
x = rng.normal(size=(120, 5)).astype("float32")
y = x.sum(1, keepdims=True)
model = keras.Sequential(
    [keras.Input((5,)), layers.Dense(8, activation="relu"), layers.Dense(1)]
)
error = keras.losses.MeanSquaredError()
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    optimizer = keras.optimizers.SGD(0.05)

    @tf.function
    def step(batch, wanted):
        with tf.GradientTape() as tape:
            loss = error(wanted, model(batch, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        if loss > 0:  # AutoGraph rewrites this
            optimizer.apply_gradients(
                zip(gradients, model.trainable_variables, strict=True)
            )
        return loss
else:
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

    def step(batch, wanted):
        optimizer.zero_grad()
        loss = error(wanted, model(batch, training=True))
        loss.backward()
        optimizer.step()
        return loss.detach()


losses = []
for _ in range(4):
    for start in range(0, 120, 20):
        part = slice(start, start + 20)
        losses.append(float(step(x[part], y[part])))
told(model, losses=losses)
