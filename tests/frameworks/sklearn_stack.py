"""Stacking, with frames coming out and weights routed through a pipeline."""

import hashlib

import numpy as np
import sklearn
from sklearn.datasets import make_classification
from sklearn.ensemble import AdaBoostClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, get_scorer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

x, y = make_classification(500, 10, n_informative=5, random_state=0)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
stack = StackingClassifier(
    [
        ("tree", DecisionTreeClassifier(max_depth=4, random_state=0)),
        ("svm", make_pipeline(StandardScaler(), SVC())),
    ],
    final_estimator=LogisticRegression(),
    cv=3,
)
stack.fit(x_train, y_train)
print(get_scorer("accuracy")(stack, x_test, y_test))
print(f1_score(y_test, stack.predict(x_test)))
boosted = AdaBoostClassifier(n_estimators=15, random_state=0).fit(x_train, y_train)
print(boosted.score(x_test, y_test))
sklearn.set_config(enable_metadata_routing=True, transform_output="pandas")
weights = np.linspace(0.5, 1.5, len(x_train))
routed = make_pipeline(
    StandardScaler().set_fit_request(sample_weight=True),
    LogisticRegression().set_fit_request(sample_weight=True),
)
routed.fit(x_train, y_train, sample_weight=weights)
print(type(routed[:-1].transform(x_test)).__name__, routed.score(x_test, y_test))
print(hashlib.sha256(stack.predict_proba(x_test).tobytes()).hexdigest())
