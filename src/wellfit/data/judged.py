"""What simple models say of each row when they have not seen it: out of fold.

A forest (of extremely randomised trees, Geurts et al., 2006) and a linear model, and
their mean; text goes through TF-IDF into the linear model. At most 10,000 rows, drawn
at random.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.core.errors import BadTable
from wellfit.data.columns import Kind, texts
from wellfit.data.prepare import prepare
from wellfit.data.target import Target

ROWS = 10_000  # that are judged; fewer where columns are many
VALUES = 500_000  # rows times columns
FOLDS = 5
TREES = 60
LEAST = 60  # rows under which out-of-fold scores say nothing
SPARE = 10  # rows of a class: of fewer nothing can be learnt
MOST_CLASSES = 100
TERMS = 2**18  # of a text, hashed
WORDY = 40_000  # characters of a text that are read

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Matter:
    """What is learnt from: a dense matrix, texts, or both; and what is to be learnt."""

    dense: NDArray[Any] | None
    texts: Any  # a sparse matrix, or None
    y: NDArray[Any]
    rows: NDArray[np.int64]  # the places of these rows in the table
    classes: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judged:
    """Out of fold: the probability of each class, or the number that is predicted."""

    matter: Matter
    out: Numbers
    model: str
    parts: tuple[tuple[Any, Any], ...]  # the folds: places trained on, and tested

    @property
    def said(self) -> NDArray[Any]:
        """The class of each row that is most probable, or the number itself."""
        return self.out.argmax(axis=1) if self.matter.classes else self.out

    @property
    def score(self) -> float:
        """Accuracy, or R²."""
        return score(self.matter, self.matter.y, self.out)

    @property
    def trivial(self) -> float:
        """The accuracy of the commonest class, or 0."""
        if not self.matter.classes:
            return 0.0
        return float(np.bincount(self.matter.y).max() / len(self.matter.y))

    @property
    def skill(self) -> float:
        """From 0, guessing, to 1."""
        return (self.score - self.trivial) / max(1e-12, 1 - self.trivial)


def score(matter: Matter, y: NDArray[Any], out: Numbers) -> float:
    """Accuracy of probabilities, or R² of numbers."""
    if matter.classes:
        return float(np.mean(out.argmax(axis=1) == y))
    spread = float(np.sum((y - y.mean()) ** 2))
    return 1 - float(np.sum((y - out) ** 2)) / max(spread, 1e-300)


def matter_of(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], target: Target, seed: int
) -> Matter | str:
    """A sample of the rows, prepared; or why nothing can be learnt from them."""
    inputs = {n: k for n, k in kinds.items() if n != target.name and n in frame}
    chosen = _chosen(target, len(inputs), seed)
    if len(chosen) < LEAST:
        return f"{len(chosen)} rows have a target; {LEAST} are needed"
    y, classes = target.y[chosen], target.classes
    if classes:
        kept = np.flatnonzero(np.bincount(y, minlength=len(classes)) >= SPARE)
        if not 2 <= len(kept) <= MOST_CLASSES:
            return f"{len(kept)} classes have {SPARE} rows or more"
        chosen = chosen[np.isin(y, kept)]
        y = np.searchsorted(kept, target.y[chosen])
        classes = tuple(classes[k] for k in kept)
    places = target.rows[chosen]
    some = frame.iloc[places].reset_index(drop=True)
    dense, words = _dense(some, inputs), _words(some, inputs)
    if dense is None and words is None:
        return "there is no column to learn from"
    return Matter(dense=dense, texts=words, y=y, rows=places, classes=classes)


def _chosen(target: Target, columns: int, seed: int) -> NDArray[np.int64]:
    most = min(ROWS, max(1000, VALUES // max(1, columns)))
    order = np.random.default_rng(seed).permutation(len(target.y))
    return np.sort(order[:most])


def _dense(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> NDArray[Any] | None:
    try:
        found = prepare(frame[list(kinds)], kinds)
    except BadTable:
        return None
    return found.apply(frame, "dense").x


def _words(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> Any:
    from scipy.sparse import hstack

    named = [n for n, k in kinds.items() if k is Kind.TEXT]
    blocks = [terms(texts(frame[n]).fillna("").str[:WORDY].tolist()) for n in named]
    return hstack(blocks).tocsr() if blocks else None


def terms(documents: list[str]) -> Any:
    """TF-IDF of words and pairs of words, and of characters where words are not."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    spaced = sum(d.count(" ") for d in documents) >= len(documents)
    how: dict[str, Any] = {"n_features": TERMS, "alternate_sign": False, "norm": None}
    if spaced:
        how |= {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"}
    else:
        how |= {"analyzer": "char", "ngram_range": (1, 3)}
    counted = HashingVectorizer(**how).transform(documents)
    again = np.flatnonzero(counted.getnnz(axis=0) > 1)  # a term of one text is no help
    counted = counted[:, again] if len(again) else counted
    return TfidfTransformer(sublinear_tf=True).fit_transform(counted)


def out_of_fold(matter: Matter, seed: int, count: int = FOLDS) -> Judged:
    """Every row, judged by models that were fitted to the rows of other folds.

    By the best of the models, or by their mean where that is better: where a line fits,
    a forest beside it only adds noise.
    """
    names = [name for name, _ in _models(matter, seed)]
    parts = tuple(folds(matter, seed, count))
    said = quietly(lambda part: predicted(matter, part[0], part[1], seed), parts)
    out = np.zeros((len(names), *_shape(matter)))
    for (_, test), outs in zip(parts, said, strict=True):
        out[:, test] = outs
    ways = {AND.join(names): out.mean(axis=0)}
    ways |= dict(zip(names, out, strict=True))
    best = max(ways, key=lambda way: score(matter, matter.y, ways[way]))
    return Judged(matter=matter, out=ways[best], model=best, parts=parts)


def _shape(matter: Matter) -> tuple[int, ...]:
    return (len(matter), len(matter.classes)) if matter.classes else (len(matter),)


def quietly(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """What the work gives for each item, without warnings (of convergence, mostly).

    Not on threads: scikit-learn's forests set the filters of warnings as they go.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [work(item) for item in items]


def folds(matter: Matter, seed: int, count: int = FOLDS) -> Iterator[tuple[Any, Any]]:
    """Training and test places, classes as often in each fold as in the whole."""
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if matter.classes else KFold
    yield from kind(count, shuffle=True, random_state=seed).split(
        np.zeros((len(matter), 1)), matter.y
    )


def predicted(
    matter: Matter, train: Any, test: Any, seed: int, among: str = ""
) -> Numbers:
    """What each model says of the rows `test`, having learnt from `train`.

    Where `among` is given, only of the models that it names.
    """
    wanted = among.split(AND) if among else [name for name, _ in _models(matter, seed)]
    models = [(n, m) for n, m in _models(matter, seed) if n in wanted]
    return np.stack([_predicted(matter, m, n == WORDS, train, test) for n, m in models])


FOREST, LINEAR, WORDS = "a forest", "a linear model", "a linear model on words"
AND = " and "
ALPHAS = (0.1, 1.0, 10.0, 100.0, 1000.0)


def _models(matter: Matter, seed: int) -> list[tuple[str, Any]]:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
    from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV

    found: list[tuple[str, Any]] = []
    forest = {"n_estimators": TREES, "min_samples_leaf": 2, "random_state": seed}
    if matter.classes:
        made: list[Any] = [ExtraTreesClassifier(**forest)]
        made += [LogisticRegression(C=1.0, max_iter=200), LogisticRegression(C=10.0)]
    else:
        made = [ExtraTreesRegressor(**forest), RidgeCV(ALPHAS), Ridge(1.0)]
    if matter.dense is not None:
        found += [(FOREST, made[0]), (LINEAR, made[1])]
    if matter.texts is not None:
        found.append((WORDS, made[2]))
    return found


def _predicted(
    matter: Matter, model: Any, of_texts: bool, train: Any, test: Any
) -> Any:
    x: Any = matter.texts if of_texts else matter.dense
    model.fit(x[train], matter.y[train])
    if not matter.classes:
        return model.predict(x[test])
    out = np.zeros((len(test), len(matter.classes)))
    out[:, model.classes_] = model.predict_proba(x[test])
    return out


def reference(judged: Judged) -> dict[str, Any]:
    """The fact `reference`: what simple models reach."""
    return {
        "metric": "accuracy" if judged.matter.classes else "r2",
        "value": judged.score,
        "trivial": judged.trivial,
        "model": judged.model,
        "rows": len(judged.matter),
    }


def recalls(judged: Judged) -> dict[str, dict[str, Any]]:
    """Class → how many of its rows were judged, and the share that was recognised."""
    y, said = judged.matter.y, judged.said
    return {
        str(label): {
            "rows": int(np.sum(y == k)),
            "recall": float(np.mean(said[y == k] == k)),
        }
        for k, label in enumerate(judged.matter.classes)
    }
