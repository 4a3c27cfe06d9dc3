"""A plan on fits that know nothing of it, beside the same written by hand."""

import copy
import io
import pickle
import warnings
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from wellfit.core.plan import Change, Plan
from wellfit.taps.sklearn.changes import ChangesTap
from wellfit.taps.sklearn.tap import SklearnTap


def change(name, **params):
    return Change(change=name, params=params)


SCALE = change("standardize-inputs")


@pytest.fixture(autouse=True)
def unjudged(monkeypatch):
    """What is learnt of the data at the end of a run takes seconds."""
    monkeypatch.setattr(SklearnTap, "_learnt", lambda tap, found: {})


@contextmanager
def changed(said, *changes, watched=False):
    """Within it fits are edited; `watched` by the tap of scikit-learn as well."""
    plan = Plan.of(*changes).to_json()
    taps = [SklearnTap(said, every=1)] if watched else []
    taps.append(ChangesTap(said, plan=plan))
    for tap in taps:
        tap.attach()
    try:
        yield
    finally:
        for tap in reversed(taps):
            tap.finish()


def without(said):
    return list(said.facts["plan"]["without_effect"].values())


@pytest.fixture(scope="module")
def wine():
    return train_test_split(*load_wine(return_X_y=True), random_state=0)


@pytest.fixture(scope="module")
def rare():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 4))
    y = (x[:, 0] + rng.normal(0, 0.6, 600) > 1.9).astype(int)
    return train_test_split(x, y, random_state=0, stratify=y)


# -- what fitted estimators are asked -------------------------------------------------


@pytest.mark.parametrize("watched", [False, True], ids=["", "watched"])
def test_columns_are_scaled_by_the_rows_of_the_fit(wine, said, watched):
    a, b, y, held = wine
    with changed(said, SCALE, watched=watched):
        model = SVC().fit(a, y)
        told = model.predict(b), model.decision_function(b), model.score(b, held)
    hand = make_pipeline(StandardScaler(), SVC()).fit(a, y)
    assert np.array_equal(told[0], hand.predict(b))
    assert np.array_equal(told[1], hand.decision_function(b))
    assert told[2] == hand.score(b, held)
    assert said.facts["plan"]["applied"]
    assert without(said) == []
    if watched:
        assert said.only("val/accuracy") == [told[2]]
        assert said.only("train/eval_accuracy")


def test_after_detaching_all_is_as_before(wine, said):
    a, b, y, _ = wine
    methods = {k: vars(k).get("fit") for k in (SVC, BaseEstimator, LogisticRegression)}
    fit = SVC.fit
    with changed(said, SCALE):
        assert SVC.fit is fit  # taken from the class, it is the original
        edited = SVC().fit(a, y)
    assert {k: vars(k).get("fit") for k in methods} == methods
    bare = SVC().fit(a, y)
    assert not np.array_equal(bare.predict(b), edited.predict(b))
    # What was fitted with edits keeps them, and loses them with its next fit.
    hand = make_pipeline(StandardScaler(), SVC()).fit(a, y)
    assert np.array_equal(edited.predict(b), hand.predict(b))
    assert np.array_equal(edited.fit(a, y).predict(b), bare.predict(b))
    assert set(vars(edited)) == set(vars(bare))


def _joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), _joblib]
)
def test_copies_keep_the_edits_and_clones_have_none(wine, said, copied):
    a, b, y, _ = wine
    frame = pd.DataFrame(a).add_prefix("c")
    with changed(said, SCALE, change("cross-features")):
        model = KNeighborsClassifier().fit(frame, y)
    again = copied(model)
    asked = pd.DataFrame(b).add_prefix("c")
    assert np.array_equal(again.predict_proba(asked), model.predict_proba(asked))
    assert not hasattr(clone(model), "classes_")
    assert clone(model).fit(frame, y).n_features_in_ == 13


def test_each_fit_of_a_search_sees_its_own_rows_alone(wine, said):
    a, b, y, held = wine
    with changed(said, SCALE):
        found = GridSearchCV(SVC(), {"C": [0.1, 1.0, 10.0]}, cv=3, n_jobs=2).fit(a, y)
        scores = cross_val_score(SVC(), a, y, cv=3)
        told, score = found.predict(b), found.score(b, held)
    piped = make_pipeline(StandardScaler(), SVC())
    hand = GridSearchCV(piped, {"svc__C": [0.1, 1.0, 10.0]}, cv=3).fit(a, y)
    for name in ("mean_test_score", "std_test_score"):
        assert np.array_equal(found.cv_results_[name], hand.cv_results_[name])
    assert np.array_equal(told, hand.predict(b))
    assert score == hand.score(b, held)
    assert np.array_equal(scores, cross_val_score(piped, a, y, cv=3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_pipeline(PolynomialFeatures(2), KNeighborsClassifier()),
        lambda: BaggingClassifier(KNeighborsClassifier(), 5, random_state=0),
        lambda: StackingClassifier([("k", KNeighborsClassifier())]),
    ],
    ids=["pipeline", "bagging", "stacking"],
)
def test_of_estimators_within_others_the_whole_is_edited_once(wine, said, make):
    a, b, y, held = wine
    with changed(said, SCALE, watched=True):
        model = make()
        if hasattr(model, "n_jobs"):
            model.set_params(n_jobs=2)  # threads, which are within the fit as well
        model.fit(a, y)
        told = model.predict(b), model.score(b, held)
    scaler = StandardScaler().fit(a)
    hand = make().fit(scaler.transform(a), y)
    assert np.array_equal(told[0], hand.predict(scaler.transform(b)))
    assert told[1] == hand.score(scaler.transform(b), held)


class Own(ClassifierMixin, BaseEstimator):
    """A stranger's estimator, which asks itself."""

    def fit(self, X, y):  # noqa: N803
        self.classes_ = np.unique(y)
        self.mean_ = X.mean(axis=0)
        self.predict(X)
        return self

    def predict(self, X):  # noqa: N803
        return self.classes_[(self.decision_function(X) > 0).astype(int)]

    def decision_function(self, X):  # noqa: N803
        return (X - self.mean_).sum(axis=1)


def test_a_strangers_estimator_that_asks_itself_is_edited_once(rare, said):
    a, b, y, _ = rare
    with changed(said, SCALE, watched=True):
        told = Own().fit(100 * a + 3, y).decision_function(100 * b + 3)
    scaler = StandardScaler().fit(100 * a + 3)
    assert np.allclose(told, scaler.transform(100 * b + 3).sum(axis=1))


def test_batches_are_scaled_by_the_first(wine, said):
    a, b, y, _ = wine
    model, hand = (SGDClassifier(random_state=0) for _ in range(2))
    with changed(said, SCALE, change("drop-duplicates")):
        for some in (slice(0, 60), slice(60, 120)):
            model.partial_fit(a[some], y[some], classes=[0, 1, 2])
        told = model.predict(b)
    scaler = StandardScaler().fit(a[:60])
    for some in (slice(0, 60), slice(60, 120)):
        hand.partial_fit(scaler.transform(a[some]), y[some], classes=[0, 1, 2])
    assert np.array_equal(told, hand.predict(scaler.transform(b)))
    (why,) = without(said)
    assert "batch by batch" in why


# -- columns --------------------------------------------------------------------------


def test_gaps_are_filled_and_shown_in_frames_too(said):
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    x = x.iloc[:, :4].copy()
    x.iloc[::7, 1] = np.nan
    x["kind"] = pd.Series(np.where(x.index % 3, "a", None), dtype=object)
    seen = []

    class Looking(LogisticRegression):
        def fit(self, X, y):  # noqa: N803
            seen.append(X)
            return super().fit(X.select_dtypes("number"), y)

        def predict(self, X):  # noqa: N803
            seen.append(X)
            return super().predict(X.select_dtypes("number"))

    with changed(said, change("impute-missing")):
        Looking(max_iter=500).fit(x.iloc[:400], y[:400]).predict(x.iloc[400:])
    fitted, asked = seen
    median = x.iloc[:400, 1].median()
    for part, table in ((x.iloc[:400], fitted), (x.iloc[400:], asked)):
        assert not table.isna().to_numpy().any()
        expected = part.iloc[:, 1].fillna(median)
        assert np.array_equal(table.iloc[:, 1], expected)
        assert set(table["kind"]) == {"a"}
        gaps = table.filter(like="missingindicator").iloc[:, 0]
        assert np.array_equal(gaps, part.iloc[:, 1].isna())
        assert list(table.columns[:5]) == list(x.columns)


def test_a_fit_that_fails_as_it_is_can_be_cured(said):
    x, y = load_breast_cancer(return_X_y=True)
    x[::5, 3] = np.nan
    with changed(said, change("impute-missing")):
        told = KNeighborsClassifier().fit(x, y).predict_proba(x)
    filled = SimpleImputer(strategy="median", add_indicator=True).fit_transform(x)
    hand = KNeighborsClassifier().fit(filled, y)
    assert np.array_equal(told, hand.predict_proba(filled))


def test_columns_are_clipped_to_the_quantiles_of_training_rows(rare, said):
    a, b, y, _ = rare
    b = 1e3 * b
    with changed(said, change("clip-outliers", share=0.05)):
        told = LogisticRegression().fit(a, y).predict_proba(b)
    low, high = np.quantile(a, [0.05, 0.95], axis=0)
    hand = LogisticRegression().fit(np.clip(a, low, high), y)
    assert np.allclose(told, hand.predict_proba(np.clip(b, low, high)))


@pytest.mark.parametrize("frame", [False, True], ids=["array", "frame"])
def test_leaking_columns_are_dropped_by_name_or_place(rare, said, frame):
    a, b, y, _ = rare
    if frame:
        a, b = (pd.DataFrame(t, columns=list("abcd")) for t in (a, b))
    names = ("b", "d") if frame else ("input 1", "input 3")
    with changed(said, change("drop-leaking-features", columns=names)):
        told = LogisticRegression().fit(a, y).predict_proba(b)
    kept_a, kept_b = (np.asarray(t)[:, [0, 2]] for t in (a, b))
    hand = LogisticRegression().fit(kept_a, y)
    assert np.allclose(told, hand.predict_proba(kept_b))


def test_columns_that_tell_are_selected(rare, said):
    a, b, y, _ = rare
    with changed(said, change("select-features", share=0.25)):
        told = LogisticRegression().fit(a, y).predict_proba(b)
    hand = LogisticRegression().fit(a[:, :1], y)  # the only one that tells
    assert np.allclose(told, hand.predict_proba(b[:, :1]))


def test_crosses_bend_what_is_linear(said):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(400, 2))
    y = ((x**2).sum(axis=1) < 0.6).astype(int)
    with changed(said, change("cross-features")):
        score = LogisticRegression(C=100).fit(x[:300], y[:300]).score(x[300:], y[300:])
    made = make_pipeline(
        StandardScaler(), PolynomialFeatures(2, include_bias=False)
    ).fit(x[:300])
    hand = LogisticRegression(C=100).fit(made.transform(x[:300]), y[:300])
    assert score == hand.score(made.transform(x[300:]), y[300:]) >= 0.95


# -- rows and classes -----------------------------------------------------------------


def test_copies_are_left_out_with_their_weights(rare, said):
    a, b, y, _ = rare
    weights = np.linspace(0.5, 1.5, len(a))
    twice = np.concatenate([a, a[:50]]), np.concatenate([y, y[:50]])
    more = np.concatenate([weights, np.full(50, 9.0)])
    with changed(said, change("drop-duplicates")):
        told = LogisticRegression().fit(*twice, sample_weight=more).predict_proba(b)
    hand = LogisticRegression().fit(a, y, sample_weight=weights)
    assert np.array_equal(told, hand.predict_proba(b))


@pytest.mark.parametrize(
    "make",
    [
        lambda w: LogisticRegression(class_weight=w),
        lambda w: make_pipeline(StandardScaler(), SVC(class_weight=w)),
        lambda w: RandomForestClassifier(10, random_state=0, class_weight=w),
    ],
)
def test_classes_are_weighed_by_the_parameter(rare, said, make):
    a, b, y, _ = rare
    with changed(said, change("weight-classes")):
        model = make(None).fit(a, y)
        told = model.predict(b)
    assert np.array_equal(told, make("balanced").fit(a, y).predict(b))
    params = model.get_params()
    assert all(v is None for n, v in params.items() if n.endswith("class_weight"))


def test_classes_are_weighed_by_rows_where_there_is_no_parameter(rare, said):
    a, b, y, _ = rare
    boosting = GradientBoostingClassifier(n_estimators=10, random_state=0)
    piped = make_pipeline(StandardScaler(), clone(boosting))
    with changed(said, change("weight-classes")):
        told = boosting.fit(a, y).predict_proba(b), piped.fit(a, y).predict_proba(b)
    weights = len(y) / (2 * np.bincount(y))[y]
    hand = clone(boosting).fit(a, y, sample_weight=weights)
    assert np.array_equal(told[0], hand.predict_proba(b))
    hand = clone(piped).fit(a, y, gradientboostingclassifier__sample_weight=weights)
    assert np.array_equal(told[1], hand.predict_proba(b))


def test_rows_are_drawn_until_classes_are_even(rare, said):
    a, b, y, _ = rare
    seen = []

    class Counting(LogisticRegression):
        def fit(self, X, y):  # noqa: N803
            seen.append((len(X), np.bincount(y), {r.tobytes() for r in X}))
            return super().fit(X, y)

    few, many = np.bincount(y)[1], np.bincount(y)[0]
    known = {r.tobytes() for r in a}
    for name in ("oversample-minority", "undersample-majority", "synthesize-minority"):
        with changed(said, change(name)):
            Counting().fit(a, y).predict(b)
    (_, over, drawn), (_, under, kept), (_, synth, made) = seen
    assert over.tolist() == synth.tolist() == [many, many]
    assert under.tolist() == [few, few]
    assert drawn == known
    assert kept < known < made


def test_the_threshold_is_chosen_out_of_fold_with_all_other_edits(rare, said):
    a, b, y, held = rare
    with changed(said, SCALE, change("tune-threshold"), watched=True):
        model = LogisticRegression().fit(a, y)
        told, score = model.predict(b), model.score(b, held)
        balanced = balanced_accuracy_score(held, told)
    bare = make_pipeline(StandardScaler(), LogisticRegression()).fit(a, y)
    shares = bare.predict_proba(b)[:, 1]
    assert np.array_equal(model.predict_proba(b)[:, 1], shares)
    assert shares[told == 1].min() > shares[told == 0].max()  # a threshold, indeed
    assert score == accuracy_score(held, told)
    assert balanced > balanced_accuracy_score(held, bare.predict(b)) + 0.1
    assert balanced in said.only("val/balanced_accuracy")
    # It is near what other folds would have chosen.
    out = cross_val_predict(clone(bare), a, y, cv=5, method="predict_proba")[:, 1]
    cuts = [balanced_accuracy_score(y, out >= cut) for cut in out[::10]]
    chosen = [balanced_accuracy_score(y, out >= shares[told == 1].min())]
    assert chosen[0] > max(cuts) - 0.1


def test_wrong_labels_are_left_out_or_corrected(rare, said):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3))
    y = (x[:, 0] > 0).astype(int)
    wrong = rng.choice(np.flatnonzero(np.abs(x[:, 0]) > 0.8), 25, replace=False)
    noisy = y.copy()
    noisy[wrong] = 1 - noisy[wrong]
    seen = []

    class Looking(LogisticRegression):
        def fit(self, X, y):  # noqa: N803
            seen.append((X, y))
            return super().fit(X, y)

    for name in ("drop-noisy-labels", "correct-labels"):
        with changed(said, change(name)):
            Looking().fit(x, noisy)
    (dropped, _), (kept, labels) = (
        one
        for one in seen
        if len(one[0]) not in {266, 267}  # the folds
    )
    assert 375 - 15 <= len(dropped) <= 380
    assert len(kept) == 400
    assert np.mean(labels[wrong] == y[wrong]) > 0.8


# -- parameters -----------------------------------------------------------------------

CASES = [
    (
        change("lower-learning-rate", factor=0.1),
        GradientBoostingClassifier(learning_rate=0.5, n_estimators=8, random_state=0),
        {"learning_rate": 0.05},
    ),
    (
        change("raise-learning-rate", factor=10.0),
        MLPClassifier((8,), max_iter=15, random_state=0),
        {"learning_rate_init": 0.01},
    ),
    (
        change("train-longer", factor=3.0),
        HistGradientBoostingClassifier(max_iter=4, random_state=0),
        {"max_iter": 12},
    ),
    (
        change("shrink-model", factor=0.05),
        DecisionTreeClassifier(random_state=0),
        {"min_samples_leaf": 20},
    ),
    (
        change("shrink-model", factor=0.25),
        RandomForestClassifier(10, max_depth=6, random_state=0),
        {"max_depth": 4},
    ),
    (
        change("grow-model", factor=4.0),
        MLPClassifier((4, 2), max_iter=15, random_state=0),
        {"hidden_layer_sizes": (16, 8)},
    ),
    (
        change("grow-model", factor=4.0),
        KNeighborsClassifier(20),
        {"n_neighbors": 5},
    ),
    (
        change("penalize-weights", decay=0.5),
        LogisticRegression(C=2.0),
        {"C": 1 / (0.5 + 0.5 * 450)},
    ),
    (
        change("relax-regularization", factor=0.1),
        make_pipeline(StandardScaler(), LogisticRegression(C=0.01)),
        {"logisticregression__C": 0.01 / 0.1},
    ),
    (
        change("stop-early", patience=3),
        HistGradientBoostingClassifier(max_iter=100, random_state=0),
        {"early_stopping": True, "n_iter_no_change": 3},
    ),
    (
        change("stop-early", patience=3),
        GradientBoostingClassifier(n_estimators=60, random_state=0),
        {"n_iter_no_change": 3},
    ),
]


@pytest.mark.parametrize(
    ("one", "estimator", "params"),
    CASES,
    ids=[f"{c.change}-{type(e).__name__}" for c, e, _ in CASES],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_parameters_are_in_force_while_it_is_fitted(rare, said, one, estimator, params):
    a, b, y, _ = rare
    before = estimator.get_params()
    with changed(said, one):
        model = clone(estimator).fit(a, y)
        told = model.predict_proba(b)
    assert without(said) == []
    hand = clone(estimator).set_params(**params).fit(a, y)
    assert np.array_equal(told, hand.predict_proba(b))
    assert not np.array_equal(told, clone(estimator).fit(a, y).predict_proba(b))
    known = {n: v for n, v in model.get_params().items() if not hasattr(v, "fit")}
    assert {n: before[n] for n in known if n != "steps"} == {
        n: v for n, v in known.items() if n != "steps"
    }


def test_a_penalty_is_per_row_as_decay_is(said):
    """Ridge by hand: the mean of half the squares, and half the decay."""
    x, y = load_diabetes(return_X_y=True)
    x, y = x - x.mean(axis=0), y - y.mean()
    with changed(said, change("penalize-weights", decay=0.01)):
        told = Ridge(alpha=0.0, fit_intercept=False).fit(x, y).coef_
    gram = x.T @ x / len(x) + 0.01 * np.eye(x.shape[1])
    assert np.allclose(told, np.linalg.solve(gram, x.T @ y / len(x)))


# -- what cannot be done --------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "estimator", "why"),
    [
        (change("clip-gradients"), SVC(), "for trainings by gradients"),
        (change("impute-missing"), SVC(), "no gaps"),
        (change("lower-learning-rate"), SVC(), "learning rate"),
        (change("train-longer"), KNeighborsClassifier(), "in iterations or rounds"),
        (change("weight-classes"), KNeighborsClassifier(), "takes weights neither"),
        (change("tune-threshold"), SVC(), "two classes"),
        (change("drop-leaking-features", columns=("nil",)), SVC(), "'nil'"),
        (change("drop-leaking-features"), SVC(), "no column is named"),
        (change("stop-early"), SVC(), "stop early by itself"),
        (change("correct-labels"), SVC(), "no probabilities"),
        (
            change("penalize-weights"),
            DecisionTreeClassifier(random_state=0),
            "penalises weights",
        ),
    ],
    ids=lambda v: v.change if isinstance(v, Change) else None,
)
def test_what_finds_nothing_to_change_says_so(wine, said, one, estimator, why):
    a, b, y, _ = wine
    with changed(said, one):
        told = clone(estimator).fit(a, y).predict(b)
    assert np.array_equal(told, clone(estimator).fit(a, y).predict(b))
    (text,) = without(said)
    assert why in text


def test_texts_are_fitted_as_the_script_does(said):
    from sklearn.feature_extraction.text import CountVectorizer

    texts = ["good day", "bad day", "good night", "bad night"] * 5
    y = [1, 0, 1, 0] * 5
    piped = make_pipeline(CountVectorizer(), LogisticRegression())
    with changed(said, SCALE):
        assert piped.fit(texts, y).score(texts, y) == 1.0
    (why,) = without(said)
    assert "no table of numbers" in why


def test_a_fit_that_the_edits_break_is_done_as_the_script_does(rare, said):
    a, b, y, _ = rare

    class Picky(LogisticRegression):
        def fit(self, X, y):  # noqa: N803
            if X.shape[1] != 4:
                raise ValueError("four columns, please")
            return super().fit(X, y)

    with changed(said, change("cross-features")):
        told = Picky().fit(a, y).predict_proba(b)
    assert np.array_equal(told, LogisticRegression().fit(a, y).predict_proba(b))
    (why,) = without(said)
    assert "four columns, please" in why


def test_the_scripts_own_mistakes_stay_its_own(wine, said):
    a, _, y, _ = wine
    with changed(said, SCALE), warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            SVC().fit(a, y[:-1])
        with pytest.raises(TypeError):
            SVC().fit()
        with pytest.raises(ValueError, match="C"):
            LogisticRegression(C="much").fit(a, y)
