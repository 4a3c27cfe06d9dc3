"""Two inputs, class weights, a schedule, and the best weights put back."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
from keras import layers
from printed import told

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
wide = rng.normal(size=(400, 8)).astype("float32")
codes = rng.integers(0, 5, size=(400, 1))
y = (wide[:, 0] + codes[:, 0] - 1.0 > 0).astype("float32")

numbers, kinds = keras.Input((8,)), keras.Input((1,), dtype="int32")
embedded = layers.Flatten()(layers.Embedding(5, 4)(kinds))
hidden = layers.Concatenate()([numbers, embedded])
hidden = layers.Dropout(0.2)(layers.Dense(16, activation="tanh")(hidden))
model = keras.Model([numbers, kinds], layers.Dense(1, activation="sigmoid")(hidden))
rate = keras.optimizers.schedules.CosineDecay(0.05, 60)
model.compile(
    keras.optimizers.SGD(rate, momentum=0.9, clipnorm=1.0),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="area")],
    jit_compile=False,
)
stop = keras.callbacks.EarlyStopping(
    patience=1,
    min_delta=1.0,
    restore_best_weights=True,  # the first epoch's
)
history = model.fit(
    [wide, codes],
    y,
    epochs=12,
    batch_size=50,
    validation_split=0.25,
    class_weight={0: 2.0, 1: 1.0},
    callbacks=[stop],
    verbose=0,
)
told(model, loss=history.history["loss"], val=history.history["val_loss"])
