"""A pipeline with columns of several kinds, tuned by a grid search."""

import hashlib

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rng = np.random.default_rng(0)
rows = 300
table = pd.DataFrame(
    {
        "age": rng.normal(40, 12, rows),
        "income": rng.lognormal(10, 1, rows),
        "city": rng.choice(["Rome", "Oslo", "Bern"], rows),
    }
)
table.loc[::17, "age"] = np.nan
target = (table["age"].fillna(40) + 8 * (table["city"] == "Oslo") > 43).map(
    {True: "yes", False: "no"}
)
train, test, known, wanted = train_test_split(table, target, random_state=0)
prepare = ColumnTransformer(
    [
        (
            "numbers",
            make_pipeline(SimpleImputer(), StandardScaler()),
            ["age", "income"],
        ),
        ("words", OneHotEncoder(handle_unknown="ignore"), ["city"]),
    ]
)
model = Pipeline([("prepare", prepare), ("classify", LogisticRegression())])
search = GridSearchCV(model, {"classify__C": [0.01, 0.1, 1.0]}, cv=3)
search.fit(train, known)
print(search.best_params_, round(search.score(test, wanted), 6))
print(classification_report(wanted, search.predict(test)))
shares = search.predict_proba(test)
print(roc_auc_score(wanted, shares[:, 1]))
print(hashlib.sha256(shares.tobytes()).hexdigest())
