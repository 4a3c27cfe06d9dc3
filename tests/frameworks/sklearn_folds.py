"""Cross-validation of a few models, and the best of them on held-back rows."""

import hashlib

from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    cross_val_predict,
    cross_val_score,
    cross_validate,
    train_test_split,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

x, y = load_wine(return_X_y=True, as_frame=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0, stratify=y)
models = {
    "linear": make_pipeline(StandardScaler(), LogisticRegression()),
    "near": KNeighborsClassifier(),
}
for name, model in models.items():
    scores = cross_val_score(model, x_train, y_train, cv=4)
    print(name, scores.round(6), scores.mean())
both = cross_validate(
    models["linear"], x_train, y_train, scoring=["accuracy", "f1_macro"], cv=3
)
print(both["test_accuracy"], both["test_f1_macro"])
crossed = cross_val_predict(models["near"], x_train, y_train, cv=3)
print(accuracy_score(y_train, crossed))
best = models["linear"].fit(x_train, y_train)
print(best.score(x_test, y_test))
print(hashlib.sha256(best.predict_proba(x_test).tobytes()).hexdigest())
