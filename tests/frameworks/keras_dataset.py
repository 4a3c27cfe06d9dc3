"""The backend's own data pipeline, mixed precision, and several steps at once."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(4)
rng = np.random.default_rng(4)
x = rng.normal(size=(250, 5)).astype("float32")
y = x[:, :1] - 2 * x[:, 1:2]
on_tensorflow = keras.backend.backend() == "tensorflow"
if on_tensorflow:
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(250, seed=4).batch(20)
else:
    import torch

    pairs = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    data = torch.utils.data.DataLoader(pairs, batch_size=20, shuffle=True)
keras.config.set_dtype_policy("mixed_float16" if on_tensorflow else "mixed_bfloat16")
model = keras.Sequential([layers.Dense(8, activation="gelu"), layers.Dense(1)])
keras.config.set_dtype_policy("float32")
model.compile(
    keras.optimizers.AdamW(0.01),
    keras.losses.Huber(),
    metrics=["mae"],
    steps_per_execution=4 if on_tensorflow else 1,
    jit_compile=False,
)
history = model.fit(data, epochs=3, validation_data=(x[:50], y[:50]), verbose=0)
told(model, loss=history.history["loss"], val=history.history["val_loss"])
