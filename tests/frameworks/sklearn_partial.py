"""Out-of-core learning: batches, one after the other, into `partial_fit`."""

import hashlib

import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import SGDClassifier

np.random.seed(7)
x, y = make_classification(1200, 12, n_informative=6, random_state=0)
model = SGDClassifier(loss="log_loss", random_state=0)
for epoch in range(3):
    order = np.random.permutation(1000)
    for start in range(0, 1000, 50):
        places = order[start : start + 50]
        model.partial_fit(x[places], y[places], classes=[0, 1])
    print(epoch, model.score(x[1000:], y[1000:]))
print(np.random.rand())
print(hashlib.sha256(model.coef_.tobytes()).hexdigest())
