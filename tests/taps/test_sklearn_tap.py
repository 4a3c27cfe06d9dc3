"""The scikit-learn tap: what it records, that it disturbs nothing, that it leaves."""

import inspect
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import thread_time
from typing import ClassVar

import numpy as np
import pytest
import sklearn.base
import sklearn.metrics
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import _param_validation, all_estimators

from tests.taps.conftest import Said
from wellfit.core.run import Run
from wellfit.data.fed import Fed, facts_of
from wellfit.record import Recorder, open_run
from wellfit.taps.fits import FREE
from wellfit.taps.sklearn.tap import SklearnTap
from wellfit.taps.tap import attached, hushed


@contextmanager
def watched(records, **options) -> Iterator[SklearnTap]:
    tap = SklearnTap(records, **options)
    tap.attach()
    try:
        yield tap
    finally:
        tap.finish()


def _classes(rows: int = 400, seed: int = 0):
    x, y = make_classification(
        rows, 8, n_informative=4, class_sep=0.8, random_state=seed
    )
    return x[::2], y[::2], x[1::2], y[1::2]


def _recorded(folder: Path, script, **options) -> Run:
    with Recorder(folder / "run") as recorder, watched(recorder, **options):
        script()
    return open_run(folder / "run")


class Mean(ClassifierMixin, BaseEstimator):
    """A stranger's estimator; it has met neither a decorator nor a check."""

    def __init__(self, fails=None):
        self.fails = fails

    def fit(self, X, y):  # noqa: N803
        if self.fails is not None:
            raise self.fails
        warnings.warn("of the caller", UserWarning, stacklevel=2)
        self.classes_, self.asked = np.unique(y), 0
        return self

    def predict(self, X):  # noqa: N803
        self.asked += 1
        return np.full(len(X), self.classes_[0])


# -- what is recorded ----------------------------------------------------------------


def test_scores_of_training_and_held_back_rows_are_told_apart(said: Said) -> None:
    x, y, held, wanted = _classes()
    with watched(said):
        model = LogisticRegression().fit(x, y)
        on_training = model.score(x, y)
        some = sklearn.metrics.accuracy_score(y[:50], model.predict(x[:50]))
        on_held = sklearn.metrics.accuracy_score(wanted, model.predict(held))
        other = model.score(held[:100] + 1, wanted[:100])
    assert on_training in said.only("train/eval_accuracy")
    assert some in said.only("train/eval_accuracy")
    assert said.only("val/accuracy") == [on_held]
    assert said.only("test/accuracy") == [other]
    assert set(said.values) >= {"val/recall@0", "val/recall@1", "val/top_share"}
    assert said.facts["objective"]["trivial"]["accuracy"] == pytest.approx(
        max(np.bincount(y)) / len(y)
    )
    assert said.facts["reference"]["metric"] == "accuracy"


def test_each_model_is_given_its_own_scores(tmp_path: Path) -> None:
    x, y, held, wanted = _classes()
    scores = {}

    def script() -> None:
        models = [DecisionTreeClassifier(max_depth=d, random_state=0) for d in (1, 4)]
        for model in models:
            model.fit(x, y)
        guessed = {m.max_depth: m.predict(held) for m in models}  # all fitted before
        for depth in (4, 1):
            scores[depth] = sklearn.metrics.accuracy_score(wanted, guessed[depth])

    run = _recorded(tmp_path, script)
    below = open_run(tmp_path / "run" / "trials" / "fit-2")
    assert run.signal("val/accuracy").last == scores[1]
    assert below.signal("val/accuracy").last == scores[4]
    assert [line["scores"] for line in run.facts["fits"]["fits"]] == [
        {"val/accuracy": scores[1]},
        {"val/accuracy": scores[4]},
    ]


def test_a_pipeline_is_one_fit_and_its_parts_are_told(said: Said) -> None:
    x, y, held, wanted = _classes()
    with watched(said):
        scaler = StandardScaler().fit(x)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
        model.fit(1000 * scaler.transform(x), y)
        score = model.score(1000 * scaler.transform(held), wanted)
    first, second = said.facts["fits"]["fits"]
    assert first["kind"] == "other"
    assert second["estimator"] == "Pipeline(StandardScaler, LogisticRegression)"
    assert second["parts"] == {"StandardScaler": 1, "LogisticRegression": 1}
    assert second["parameters"]["logisticregression__C"] == 0.5
    assert said.facts["inputs"]["feature_std_max"] == pytest.approx(1.0)  # as it enters
    assert said.only("val/accuracy") == [score]


def test_boosting_is_followed_by_its_stages_on_held_back_rows(said: Said) -> None:
    x, y, held, wanted = _classes()
    with watched(said, every=1):
        model = GradientBoostingClassifier(n_estimators=30, random_state=0).fit(x, y)
        model.score(held, wanted)
    shares = list(model.staged_predict_proba(held))
    true = [p[np.arange(len(wanted)), wanted] for p in shares]
    losses = [-2 * np.log(p).mean() for p in true]  # the deviance, as it trains on
    assert said.only("train/loss") == pytest.approx(model.train_score_)
    assert said.only("val/loss") == pytest.approx(losses)
    assert said.only("train/eval_loss") == pytest.approx(model.train_score_[:-1])
    assert said.facts["training"]["steps"] == 30


def test_calls_of_partial_fit_are_the_steps_of_one_training(said: Said) -> None:
    x, y, held, wanted = _classes()
    with watched(said, every=1):
        model = SGDClassifier(loss="log_loss", random_state=0)
        for start in range(0, 200, 20):
            batch = slice(start, start + 20)
            model.partial_fit(x[batch], y[batch], classes=[0, 1])
        score = model.score(held, wanted)
    assert said.facts["fits"]["count"] == 1
    assert said.facts["training"]["steps"] == 10
    assert [step for step, _ in said.values["train/loss"]] == list(range(10))
    assert said.values["val/accuracy"] == [(10, score)]
    assert len(said.values["train/weight_norm"]) == 10


def test_whether_a_solver_was_done_is_told(said: Said) -> None:
    x, y = make_regression(100, 4, random_state=0)
    with watched(said), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        MLPRegressor(hidden_layer_sizes=4, max_iter=3, random_state=0).fit(x, y)
        SGDRegressor(random_state=0).fit(x, y)
    assert [w.category.__name__ for w in warned] == ["ConvergenceWarning"]
    lines = said.facts["fits"]["fits"]
    assert [line["converged"] for line in lines] == [False, True]
    assert said.facts["optimizer"]["kind"] == "Adam"
    assert said.facts["objective"]["trivial"]["loss"] == pytest.approx(y.var() / 2)


def test_secrets_among_parameters_are_hidden(said: Said) -> None:
    class Remote(ClassifierMixin, BaseEstimator):
        def __init__(self, api_key="x", rate=0.5):
            self.api_key = api_key
            self.rate = rate

        def fit(self, X, y):  # noqa: N803
            return self

    with watched(said):
        Remote(api_key="tulip-and-rose").fit(np.ones((4, 2)), [0, 1, 0, 1])
    assert said.facts["fits"]["fits"][0]["parameters"] == {
        "api_key": "***",
        "rate": 0.5,
    }


# -- nothing is disturbed -----------------------------------------------------------


def _patched() -> dict[str, object]:
    found: dict[str, object] = {
        "fit": sklearn.base.config_context,
        "function": _param_validation.config_context,
        "born": vars(BaseEstimator).get("__init_subclass__"),
        "scorer": sklearn.metrics._scorer._BaseScorer.__call__,
        "folds": sys.modules[
            "sklearn.model_selection._validation"
        ]._aggregate_score_dicts,
        "finders": list(sys.meta_path),
    }
    kinds = [Mean, *(kind for _, kind in all_estimators())]
    for kind in kinds:
        for part in kind.__mro__:
            for name in ("fit", "partial_fit", "predict", "predict_proba"):
                found[f"{part.__qualname__}.{name}"] = vars(part).get(name)
    return found | {n: getattr(sklearn.metrics, n) for n in sklearn.metrics.__all__}


def test_nothing_is_left_behind(said: Said) -> None:
    before = _patched()
    tap = SklearnTap(said)
    tap.attach()
    assert _patched() != before
    tap.detach()
    after = _patched()
    assert [name for name in before if after[name] is not before[name]] == ["finders"]
    assert after["finders"] == before["finders"]
    assert tap not in attached()


def test_a_strangers_estimator_looks_as_it_did(said: Said) -> None:
    x, y, *_ = _classes()
    plain = inspect.signature(Mean.fit), inspect.getsource(Mean.fit)
    with watched(said):
        model = Mean()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            model.fit(x, y)
            line = inspect.currentframe().f_lineno - 1
        assert (warned[0].filename, warned[0].lineno) == (__file__, line)
        assert (inspect.signature(Mean.fit), inspect.getsource(Mean.fit)) == plain
        assert str(inspect.signature(model.fit)) == "(X, y)"
        assert inspect.ismethod(model.fit)
        assert model.fit.__self__ is model
        assert clone(model).get_params() == {"fails": None}
    assert model.asked == 0  # nobody but the script asks it for predictions


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_what_a_fit_raises_comes_through(kind, said: Said) -> None:
    x, y, *_ = _classes()
    with watched(said) as tap:
        with pytest.raises(kind):
            Mean(fails=kind("of its own")).fit(x, y)
        with pytest.raises(ValueError, match="NaN") as raised:
            LogisticRegression().fit(np.full((4, 2), np.nan), [0, 1, 0, 1])
        assert tap._fits.current is None
    files = [f.filename for f in traceback.extract_tb(raised.tb)]
    assert not [file for file in files if "wellfit" in file.replace(__file__, "")]
    first, second = said.facts["fits"]["fits"]
    assert (first["error"], second["error"]) == (kind.__name__, "ValueError")


def test_a_fault_of_its_own_ends_the_watching_only(
    said: Said, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("oh no")

    x, y, held, _ = _classes()
    bare = LogisticRegression().fit(x, y).predict(held)
    before = _patched()
    monkeypatch.setattr("wellfit.taps.sklearn.tap.say", fails)
    with watched(said):
        model = LogisticRegression().fit(x, y)
        assert (_patched()["fit"], _patched()["SVC.fit"]) == (
            before["fit"],
            before["SVC.fit"],
        )
        assert np.array_equal(model.predict(held), bare)
    assert "stopped watching sklearn" in capsys.readouterr().err
    assert [e[0] for e in said.events] == ["note"]


def test_the_simple_models_of_our_own_are_not_the_scripts(said: Said) -> None:
    """Another tap learns from its sample when it finishes; this one may be at work."""
    x, y, *_ = _classes(120)
    with watched(said) as tap:
        with hushed():
            found = facts_of(Fed(rows=x, targets=y.astype(float), task="binary"))
        assert tap._fits.count == 0
        LogisticRegression().fit(x, y)
    assert found["reference"]["metric"] == "accuracy"
    assert said.facts["fits"]["count"] == 1


def test_predicting_draws_nothing() -> None:
    """What the tap asks for predictions leaves the global generator as it was."""
    x, y, *_ = _classes(120)
    state = np.random.get_state()[1].tobytes()
    for model in (
        RandomForestClassifier(5, random_state=0),
        SGDClassifier(random_state=0),
        GradientBoostingClassifier(n_estimators=3, random_state=0),
    ):
        model.fit(x, y).predict(x)
    assert np.random.get_state()[1].tobytes() == state


def test_many_tiny_fits_are_only_counted(said: Said) -> None:
    class Nothing(BaseEstimator):
        @sklearn.base._fit_context(prefer_skip_nested_validation=True)
        def fit(self, X, y=None):  # noqa: N803
            return self

        _parameter_constraints: ClassVar = {}

        def predict(self, X):  # noqa: N803
            return X

    def seconds(count: int) -> float:
        model, x = Nothing(), np.ones((20, 2))
        spans = []
        for _ in range(9):
            begun = thread_time()
            for _ in range(count):
                model.fit(x)
            spans.append((thread_time() - begun) / count)
        return sorted(spans)[2]

    bare = seconds(200)
    with watched(said, overhead=0.0):
        seconds(10)
        seen = seconds(200)
    assert said.facts["fits"]["more"]["Nothing"]["count"] == 9 * 210 - FREE
    assert seen - bare < 100e-6  # 8 µs on an idle machine
