"""A subclassed model with a `train_step` of its own, and a callback by batch."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(16, activation="relu")
        self.last = layers.Dense(1)
        self.mean = keras.metrics.Mean(name="loss")
        self.error = keras.metrics.MeanAbsoluteError(name="off")

    def call(self, x):
        return self.last(self.first(x))

    @property
    def metrics(self):
        return [self.mean, self.error]

    def train_step(self, data):
        x, y = data[:2]
        if keras.backend.backend() == "torch":
            self.zero_grad()
            out = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=out)
            loss.backward()
            gradients = [v.value.grad for v in self.trainable_weights]
            import torch

            with torch.no_grad():
                self.optimizer.apply(gradients, self.trainable_weights)
        else:
            import tensorflow as tf

            with tf.GradientTape() as tape:
                out = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=out)
            gradients = tape.gradient(loss, self.trainable_weights)
            pairs = zip(gradients, self.trainable_weights, strict=True)
            self.optimizer.apply_gradients(pairs)
        self.mean.update_state(loss)
        self.error.update_state(y, out)
        return {m.name: m.result() for m in self.metrics}


class Warm(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.001 * (1 + batch)


keras.utils.set_random_seed(2)
rng = np.random.default_rng(2)
x = rng.normal(size=(200, 6)).astype("float32")
y = (x.sum(1, keepdims=True) + 0.1 * rng.normal(size=(200, 1))).astype("float32")
model = Net()
model.compile("rmsprop", loss="mse", jit_compile=False)
history = model.fit(x, y, epochs=3, batch_size=32, callbacks=[Warm()], verbose=0)
told(model, loss=history.history["loss"], off=history.history["off"])
