"""The scikit-learn tap: every fit of this process, seen and left as it is.

`calls.py` meets the calls; here they become fits with their parts, scores with their
phase, and facts. Most of it is done once a fit is over, from what the estimator
remembers of it; a fit that is only counted costs a few microseconds.
"""

import sys
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sklearn

from wellfit.taps.fits import FREE, Fit, Fits, Kind, fits_of
from wellfit.taps.sklearn import describe
from wellfit.taps.sklearn.calls import Calls
from wellfit.taps.sklearn.course import Course
from wellfit.taps.sklearn.evaluations import Evaluations, arguments, some_rows
from wellfit.taps.sklearn.partial import Partial
from wellfit.taps.sklearn.rows import fingerprints, reference, shape, taken
from wellfit.taps.sklearn.scores import METRICS, scores, signal
from wellfit.taps.sklearn.stages import predictable, scorable, stages
from wellfit.taps.sklearn.trained import Inner, Trained, say, trained
from wellfit.taps.sklearn.validation import say_folds, say_search
from wellfit.taps.tap import Guard, Records, attached, enter, hushed, leave

FLOOR = 0.05  # seconds for scores of the training rows, of each of the first fits
ASKED = 2_000  # rows of a sample that predictions are asked for
LOOKED = 20  # predictions whose rows are looked at, whatever it costs
DATA = 3  # tables that are learnt from, of a script with many


@dataclass(slots=True, eq=False)
class Going:
    """A fit that goes on."""

    fit: Fit | None  # None where another tap meets it
    estimator: Any
    method: str
    given: tuple[Any, Any]
    again: Trained | None = None
    inner: Inner | None = None
    parts: Counter[str] = field(default_factory=Counter)
    results: list[dict[str, Any]] | None = None
    before: int = 0  # fits until then


class SklearnTap:
    """Watches the fits of this process, from `attach` to `finish`.

    A fault of the tap's own ends the watching, never a fit.
    """

    framework = "sklearn"

    def __init__(
        self, records: Records, *, overhead: float = 0.02, every: int | None = None
    ) -> None:
        self.records = records
        self._overhead, self._every = overhead, every
        self._guard = Guard(self)
        self._calls = Calls(self, self._guard)
        self._fits: Fits = fits_of(records, self)
        self._going: dict[int, Going] = {}
        # By the estimator's id; whether it is still that one, the reference tells.
        self._trained: dict[int, tuple[Callable[[], Any], Trained]] = {}
        self._all: list[Trained] = []
        self._counted: weakref.WeakValueDictionary[int, Any] = (
            weakref.WeakValueDictionary()
        )
        self._kinds: dict[type, Kind] = {}
        self._evaluations = Evaluations()
        self._partial = Partial(overhead=overhead, every=every)
        self._begun = False
        self._predicted = 0

    @property
    def step(self) -> int:
        """Steps of the fit that is the run's own; 0 where none is of scikit-learn."""
        own = self._fits.own
        mine = any(found.fit is own for found in self._all)
        return own.steps if own is not None and mine else 0

    # -- coming and going ----------------------------------------------------------

    def attach(self) -> None:
        """Begin to watch."""
        self._calls.attach()
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in scikit-learn."""
        self._guard.on = False
        leave(self)
        self._calls.detach()

    def finish(self) -> None:
        """Detach, and record what the whole tells."""
        was_on = self._guard.on
        self.detach()
        if was_on:
            try:
                self._say_facts()
            except Exception as error:
                self._guard.fail(error)
        try:
            self._fits.finish(self)
        except Exception as error:
            self._guard.fail(error)

    def _say_facts(self) -> None:
        learnt: dict[Any, dict[str, Any]] = {}
        for found in self._all:
            self._partial.settle(found)
            if found.sample is None or found.numbers is None:
                continue
            key = (found.mark, found.sample.rows.shape, found.sample.rows.tobytes())
            if key not in learnt and len(learnt) < DATA:
                learnt[key] = self._learnt(found)
            for name, fact in learnt.get(key, {}).items():
                found.fit.records.fact(name, fact)
        own = self._fits.own
        if own is not None and self.step:
            looks = len(self._all)
            spent = self._fits.spent
            share = spent / max(self._fits.elapsed, 1e-9)
            fact = {"seconds": spent, "share": share, "looks": looks}
            own.records.fact("watching", fact)

    def _learnt(self, found: Trained) -> dict[str, Any]:
        """The facts `data` and `reference`."""
        from wellfit.data.fed import Fed, facts_of  # imports scikit-learn, and pandas

        assert found.sample is not None
        assert found.numbers is not None
        fed = Fed(
            rows=found.sample.rows,
            targets=found.numbers,
            task=found.targets.task,
            names=found.sample.names,
            labels=list(found.targets.counts),
            of=found.fit.said.get("rows"),
            once=True,
        )
        with hushed():
            facts = facts_of(fed)
        facts.pop("inputs", None)
        return facts

    # -- fits ------------------------------------------------------------------------

    def fitting(
        self, estimator: Any, method: str, given: tuple[Any, Any]
    ) -> Going | None:
        """A fit begins: of the script's own, or a part of another."""
        fits = self._fits
        if self._is_anothers(estimator):
            if fits.current is not None:
                return None
            return Going(None, estimator, method, given, before=fits.count)
        if fits.current is None and (method == "partial_fit" or _warm(estimator)):
            again = self._known(estimator)
            if again is not None:
                fits.resume(again.fit)
                return Going(again.fit, estimator, method, given, again)
            if id(estimator) in self._counted:
                return None
        kind = self._kind(estimator)
        fit = fits.begin(
            type(estimator).__name__, kind, overhead=self._overhead, every=self._every
        )
        going = Going(fit, estimator, method, given)
        if fit.outer is not None:
            self._note_part(fit, going, kind)
        elif fit.watched:
            self._going[id(fit)] = going
            fit.lends = kind is Kind.PREDICTOR and hasattr(estimator, "steps")
        elif method == "partial_fit":
            self._counted[id(estimator)] = estimator
        return going

    def _kind(self, estimator: Any) -> Kind:
        known = self._kinds.get(type(estimator))
        if known is None:
            known = describe.kind_of(estimator)
            if describe.final(estimator) is estimator:  # else it depends on what it has
                self._kinds[type(estimator)] = known
        return known

    def _is_anothers(self, estimator: Any) -> bool:
        """Whether a tap of its own meets it: XGBoost's, LightGBM's."""
        home = type(estimator).__module__.partition(".")[0]
        return home != "sklearn" and any(t.framework == home for t in attached())

    def _note_part(self, fit: Fit, going: Going, kind: Kind) -> None:
        whole = self._going.get(id(fit.root))
        if whole is None:
            return
        whole.parts[fit.name] += 1
        if kind is Kind.PREDICTOR:
            whole.inner = Inner(going.estimator, *_rows(going.given))

    def fitted(self, going: Going, error: BaseException | None) -> None:
        """It is over: what it was is told, where it is of the script's own."""
        if going.fit is None:
            self._adopt(going)
            return
        self._fits.end(going.fit)
        if going.fit.outer is not None or not going.fit.watched:
            return
        self._going.pop(id(going.fit), None)
        with self._fits.looking(), self._calls.silence():
            if error is not None:
                self._failed(going, error)
            elif going.method == "partial_fit":
                self._continued(going)
            else:
                self._learn(going)

    def _failed(self, going: Going, error: BaseException) -> None:
        assert going.fit is not None
        going.fit.said["error"] = type(error).__name__
        if isinstance(error, Exception) and going.again is None:
            found = self._remember(going)
            going.fit.records.fact("inputs", _inputs_alone(found))

    def _remember(self, going: Going) -> Trained:
        assert going.fit is not None
        table, targets = _rows(going.given)
        found = trained(going.fit, going.estimator, table, targets)
        if not self._begun:
            self._begun = True
            going.fit.records.fact("versions", _versions())
            going.fit.records.fact("seeds", _seeds())
        self._all = [one for one in self._all if one.fit is not going.fit] + [found]
        return found

    def _register(self, found: Trained, estimator: Any) -> None:
        """The estimator is known by itself and by what predicts within it."""
        known = vars(estimator)
        last = describe.final(estimator)
        for one in (estimator, last, known.get("best_estimator_")):
            if one is not None:
                self._trained[id(one)] = (reference(one), found)

    def _known(self, estimator: Any) -> Trained | None:
        known = self._trained.get(id(estimator))
        return known[1] if known is not None and known[0]() is estimator else None

    def _learn(self, going: Going) -> None:
        fit, estimator = going.fit, going.estimator
        assert fit is not None
        found = self._remember(going)
        inner = going.inner
        if inner is not None and inner.estimator is not describe.final(estimator):
            inner = None
        table, targets = _rows(going.given)
        say(found, estimator, table, inner)
        if inner is not None:
            found.known.append(fingerprints(inner.table))
        if going.parts:
            fit.said["parts"] = dict(going.parts)
        self._register(found, estimator)
        if hasattr(estimator, "cv_results_"):
            say_search(found, estimator)
        self._score(found, Inner(estimator, table, targets), inner)

    def _score(self, found: Trained, whole: Inner, inner: Inner | None) -> None:
        """The scores of the training rows, on a sample, within the time there is."""
        if found.targets.task not in ("classification", "binary", "regression"):
            return
        if not hasattr(whole.estimator, "predict"):
            return
        asked = scorable(whole.estimator, whole.table, whole.targets, inner)
        if asked is None:
            return
        most = self._budget(found.fit)
        try:
            places = predictable(asked, most, rows=ASKED)
            if not places:
                return
            some = taken(asked.table, places)
            truth = taken(asked.targets, places)
            predicted = asked.estimator.predict(some)
            told = scores(truth, predicted, classes=found.classifies)
        except Exception:  # it could not be asked; that is no fault in watching
            return
        self._evaluations.say(found, "train", truth, told)
        self._say_stages(found, Inner(asked.estimator, some, truth), "train", most)

    def _budget(self, fit: Fit) -> float:
        if self._every is not None:
            return 3600.0
        early = len(self._all) <= FREE
        return max(FLOOR if early else 0.0, self._overhead * fit.seconds)

    def _say_stages(
        self, found: Trained, asked: Inner, phase: str, most: float
    ) -> None:
        try:
            curve = stages(asked.estimator, asked, found.targets, most=most)
        except Exception:  # nor could its stages
            return
        for step, numbers in curve[:-1] if phase == "train" else curve:
            for name, value in numbers.items():
                found.fit.records.value(signal(phase, name), step, value)

    def _continued(self, going: Going) -> None:
        """A call of `partial_fit`, the first or a later one."""
        assert going.fit is not None
        found = going.again
        table, targets = _rows(going.given)
        if found is None:
            found = self._remember(going)
            found.calls = 1
            say(found, going.estimator, table, None)
            self._register(found, going.estimator)
        else:
            found.calls += 1
        self._partial.step(found, going.estimator, table, targets)

    def _adopt(self, going: Going) -> None:
        """What another tap has met is known here too, for the scores that follow."""
        fits = self._fits
        newest = next(reversed(fits.watched), None)
        if fits.count == going.before or newest is None:
            return
        if newest.said["fit"] != fits.count:
            return
        with fits.looking(), self._calls.silence():
            found = trained(newest, going.estimator, *_rows(going.given))
            self._trained[id(going.estimator)] = (found.estimator, found)
            found.course = Course(steps=newest.steps)

    # -- cross-validations -------------------------------------------------------------

    def validating(self, function: Any, given: tuple[Any, Any]) -> Going | None:
        """A cross-validation begins."""
        if self._fits.current is not None:
            return None
        estimator, rows = _given(given)
        fit = self._fits.begin(
            function.__name__,
            Kind.VALIDATION,
            overhead=self._overhead,
            every=self._every,
        )
        going = Going(fit, estimator, function.__name__, rows)
        if fit.watched:
            self._going[id(fit)] = going
        return going

    def folded(self, results: Any) -> None:
        """The scores of its folds."""
        current = self._fits.current
        going = None if current is None else self._going.get(id(current.root))
        if going is None or going.method != "cross_validate":
            return
        if results and "test_scores" in results[0]:  # else parts of what was told
            wanted = ("test_scores", "train_scores")
            going.results = [{k: r[k] for k in wanted if k in r} for r in results]

    def validated(self, going: Going, error: BaseException | None) -> None:
        """It is over."""
        fit = going.fit
        assert fit is not None
        self._fits.end(fit)
        self._going.pop(id(fit), None)
        if not fit.watched:
            return
        if error is not None:
            fit.said["error"] = type(error).__name__
            return
        with self._fits.looking(), self._calls.silence():
            table, _ = _rows(going.given)
            found = self._remember(going)
            found.course = Course(steps=1)
            found.calls = 1  # nothing of it is in the estimator, which stays unfitted
            say(found, going.estimator, table, going.inner)
            size = shape(table)
            name = describe.name_of(going.estimator)
            fit.said["estimator"] = f"{going.method}({name})"
            if going.parts:
                fit.said["parts"] = dict(going.parts)
            if going.results:
                say_folds(found, going.results, going.given[1].get("scoring"))
                rows = 0 if size is None else size[0]
                fit.records.event("evaluation", 1, phase="val", rows=rows)
            if going.method == "cross_val_predict" and size is not None:
                self._evaluations.crossed(found, size[0])

    # -- scores ------------------------------------------------------------------------

    def predicted(self, estimator: Any, method: str, given: Any, result: Any) -> None:
        """The script had a prediction."""
        if self._fits.current is not None:
            return
        table = given[0][0] if given[0] else given[1].get("X")
        found = self._known(estimator)
        look = found is not None and self._affordable()
        with self._fits.looking():
            self._evaluations.predicted(found, method, table, result, look=look)

    def _affordable(self) -> bool:
        """Whether a look at a prediction's rows is within what watching may take."""
        self._predicted += 1
        early = self._predicted <= LOOKED or self._every is not None
        return early or self._fits.spent <= self._overhead * self._fits.elapsed

    def scored(self, metric: str, given: tuple[Any, Any], result: Any) -> None:
        """The script computed a score."""
        if self._fits.current is not None:
            return
        named = arguments(given)
        if named is None:
            return
        with self._fits.looking(), self._calls.silence():
            truth, predicted = named
            one = self._evaluations.scored(metric, truth, predicted, result)
            table = None if one is None else one.table()
            if one is None or one.phase != "val" or one.of.staged or table is None:
                return
            self._stage(one.of, table, truth)

    def _stage(self, found: Trained, table: Any, truth: Any) -> None:
        """How the held-back rows were predicted by each stage of a boosting."""
        estimator = found.estimator()
        found.staged = True
        if estimator is None or not describe.is_sklearns_own(estimator):
            return
        try:
            asked = Inner(estimator, *some_rows(table, truth, ASKED))
        except Exception:  # no rows that can be cut
            return
        self._say_stages(found, asked, "val", self._budget(found.fit))

    def judged(self, scorer: Any, given: tuple[Any, Any], result: Any) -> None:
        """The script called a scorer."""
        args, named = given
        if self._fits.current is not None or not isinstance(result, int | float):
            return
        found = self._known(args[0] if args else named.get("estimator"))
        table = args[1] if len(args) > 1 else named.get("X")
        truth = args[2] if len(args) > 2 else named.get("y_true")
        if found is None or truth is None:
            return
        with self._fits.looking(), self._calls.silence():
            phase = self._evaluations.phase(found, table, truth)
            name = scorer._score_func.__name__
            value = scorer._sign * float(result)
            found.fit.score(signal(phase, METRICS.get(name) or name), value)


def _rows(given: tuple[Any, Any]) -> tuple[Any, Any]:
    """The table and the targets among the arguments of a fit."""
    args, named = given
    table = args[0] if args else named.get("X")
    targets = args[1] if len(args) > 1 else named.get("y", named.get("Y"))
    return table, targets


def _given(given: tuple[Any, Any]) -> tuple[Any, tuple[Any, Any]]:
    """Of a function's arguments the estimator, and what remains."""
    args, named = given
    if args:
        return args[0], (args[1:], named)
    return named.get("estimator"), given


def _warm(estimator: Any) -> bool:
    known = getattr(estimator, "__dict__", {})
    return bool(known.get("warm_start"))


def _inputs_alone(found: Trained) -> dict[str, Any]:
    """Of a fit that failed: what it was given."""
    if found.sample is None or not found.sample.rows.size:
        return {}
    rows = found.sample.rows
    return {
        "shape": [rows.shape[1]],
        "dtype": "float64",
        "rows": len(rows),
        "nonfinite": float(1 - np.isfinite(rows).mean()),
    }


def _versions() -> dict[str, str]:
    wanted = ("sklearn", "numpy", "scipy", "pandas", "joblib", "imblearn")
    loaded = {n: sys.modules[n] for n in wanted if n in sys.modules}
    found = {n: str(getattr(m, "__version__", "unknown")) for n, m in loaded.items()}
    return {"python": sys.version.split()[0], "sklearn": sklearn.__version__} | found


def _seeds() -> dict[str, int]:
    """NumPy's, where it was seeded with a number and nothing was drawn since."""
    state: Any = np.random.get_state()
    kind, keys, place = state[:3]
    fresh = kind == "MT19937" and place == 624 and int(keys[0]) < 2**32
    return {"numpy": int(keys[0])} if fresh else {}
