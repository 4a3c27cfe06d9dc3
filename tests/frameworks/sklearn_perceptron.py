"""A multi-layer perceptron that stops early, and one that is not done in time."""

import hashlib

from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x[:900], y[:900], random_state=1)
scaler = StandardScaler()
x_train = scaler.fit_transform(x_train)
x_test = scaler.transform(x_test)
model = MLPClassifier((32,), early_stopping=True, max_iter=80, random_state=3)
model.fit(x_train, y_train)
print(accuracy_score(y_train, model.predict(x_train)))
predicted = model.predict(x_test)
print(accuracy_score(y_test, predicted), log_loss(y_test, model.predict_proba(x_test)))
print(confusion_matrix(y_test, predicted))
short = MLPClassifier((8,), max_iter=5, random_state=3).fit(x_train, y_train)
print(short.score(x_test, y_test))
for each in (model, short):
    print(hashlib.sha256(b"".join(w.tobytes() for w in each.coefs_)).hexdigest())
