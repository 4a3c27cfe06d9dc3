"""A loop of one's own: a loss, gradients, and Keras's optimizer."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(6)
rng = np.random.default_rng(6)
x = rng.normal(size=(120, 5)).astype("float32")
y = x.sum(1, keepdims=True)
model = keras.Sequential(
    [keras.Input((5,)), layers.Dense(8, activation="relu"), layers.Dense(1)]
)
optimizer, error = keras.optimizers.SGD(0.05), keras.losses.MeanSquaredError()
losses = []
for _ in range(4):
    for start in range(0, 120, 20):
        batch, wanted = x[start : start + 20], y[start : start + 20]
        if keras.backend.backend() == "torch":
            loss = error(wanted, model(batch, training=True))
            model.zero_grad()
            loss.backward()
            gradients = [v.value.grad for v in model.trainable_variables]
            optimizer.apply(gradients, model.trainable_variables)
        else:
            import tensorflow as tf

            with tf.GradientTape() as tape:
                loss = error(wanted, model(batch, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            pairs = zip(gradients, model.trainable_variables, strict=True)
            optimizer.apply_gradients(pairs)
        losses.append(float(loss))
told(model, losses=losses)
