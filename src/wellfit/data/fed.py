"""What is said of the data of a training, from a sample of the rows it was fed with.

Simple models, each scored out of fold: what they reach is what can be reached.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253
from numpy.typing import NDArray

from wellfit.data.again import POOR, agreement
from wellfit.data.columns import Kind, kind_of
from wellfit.data.curve import learning_curve
from wellfit.data.extremes import outliers
from wellfit.data.judged import LEAST, Judged, Matter, out_of_fold, reference
from wellfit.data.likeness import duplicates
from wellfit.data.overlap import overlap
from wellfit.data.ranges import ranges
from wellfit.data.scores import column_scores
from wellfit.data.shift import shift
from wellfit.data.spellings import inconsistencies
from wellfit.data.suspects import thirds
from wellfit.data.target import Target
from wellfit.data.telling import silent, untelling

VALUES = 1 << 17  # learnt from: rows times columns
FOLDS = 3
NAMED = 256  # columns described one by one, and learnt from: of more, a selection
SCORED = 10  # columns whose own score is found out
CLASSES = 200  # at most, to learn from
CERTAIN = 0.001  # the p-value below which rows leaked: it is a grave thing to say
FAR = 10.0  # deviations, beyond which a value counts as so far
TASKS = ("classification", "binary", "regression")

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fed:
    """Rows that were trained on (n × columns), and a target of each, NaN if unknown.

    `held` are rows of validation, `before` those that were trained on when these were
    evaluated first: what was evaluated before it was trained on did not leak. `names`
    are the columns', `labels` the classes' by number. Of a `table` the columns mean
    something each; pixels do not, and tokens are no `numbers`. `of` is how many rows
    there are in all. Rows that are `fresh` do not come again: they were augmented, and
    no part of validation need be like them. `conflicting` rows came with several
    targets; None where that says nothing. A training row has a twin among as many as
    are in `before` with the probability `natural`. Where each row of a table was taken
    `once` at most, equal ones are two.
    """

    rows: Floats
    targets: Floats
    task: str
    held: Floats | None = None
    before: Floats | None = None
    names: Sequence[str] = ()
    labels: Sequence[str] = ()
    table: bool = True
    numbers: bool = True
    of: int | None = None
    fresh: bool = False
    conflicting: int | None = None
    natural: float = 0.0
    once: bool = False


def facts_of(fed: Fed) -> dict[str, dict[str, Any]]:
    """The facts `data`, `reference` and, for `inputs`, the columns' ranges."""
    facts = {"inputs": ranges(fed.rows)}
    poor = agreement(fed.rows) > POOR  # rows of so few values are equal by chance
    known = np.isfinite(fed.targets)
    if fed.task in TASKS and known.any():
        learner = _Learner(fed, known, poor)
        facts["data"] = learner.profile() | learner.learnt()
        facts |= {"reference": said} if (said := learner.reference()) else {}
    more = _between(fed, poor)
    if poor:
        more["poor"] = True
    elif fed.once:
        more["duplicates"] = _repeated(fed)
    if more:
        facts["data"] = {"rows": fed.of or len(fed.rows)} | facts.get("data", {}) | more
    return facts


def _repeated(fed: Fed) -> dict[str, Any]:
    """Rows that come again with the same target."""
    if fed.rows.shape[1] > NAMED:
        return {}
    frame = _frame(fed.rows, fed.names)
    kinds = dict.fromkeys(map(str, frame), Kind.NUMBER)
    frame["target"], kinds["target"] = fed.targets, Kind.NUMBER
    return duplicates(frame, kinds, "target", exactly=True)


def _between(fed: Fed, poor: bool) -> dict[str, Any]:
    """What is said of training and validation together: `overlap` and `shift`."""
    if fed.held is None or not len(fed.held) or fed.held.shape[1] != fed.rows.shape[1]:
        return {}
    before = fed.rows if fed.before is None else fed.before
    parts = (fed.rows, before, fed.held)
    one, earlier, other = (_frame(rows, fed.names) for rows in parts)
    kinds = dict.fromkeys(map(str, one), Kind.NUMBER)
    said: dict[str, Any] = {}
    if not poor:  # numbers are copied to the last digit, or not at all
        found = overlap(earlier, other, kinds, exactly=True)
        if not _beyond(found, fed.natural):
            found |= {"shared": 0, "copies": 0, "examples": []}
        said = {"overlap": found | {"of": fed.of}}
    if not fed.fresh:
        most = VALUES // len(kinds)
        said["shift"] = shift(one.head(most), other.head(most), kinds, briefly=True)
    return said


def _beyond(found: dict[str, Any], natural: float) -> bool:
    """Whether validation meets training more often than training meets itself."""
    from scipy.stats import binom

    shared = found.get("shared", 0)
    return bool(binom.sf(shared - 1, found["validation"], natural) < CERTAIN)


def _frame(rows: Floats, names: Sequence[str]) -> pd.DataFrame:
    """Some of the columns, evenly spread where they are many."""
    stride = -(-rows.shape[1] // NAMED)
    said = names or [f"input {place}" for place in range(rows.shape[1])]
    return pd.DataFrame(rows[:, ::stride], columns=list(said)[::stride])


class _Learner:
    """Simple models on the sample: what can be learnt, and from which column."""

    def __init__(self, fed: Fed, known: NDArray[np.bool_], poor: bool) -> None:
        rows, targets = fed.rows[known], fed.targets[known]
        self._fed, self._poor = fed, poor
        self._names, self._labels = fed.names, fed.labels
        self._wide = rows.shape[1] > NAMED
        rows = rows[:, :: -(-rows.shape[1] // NAMED)]
        stride = -(-rows.size // VALUES)
        rows, targets = rows[::stride], targets[::stride]
        self._raw = rows
        self._rows = np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0)
        self._classes = fed.task != "regression"
        self._targets = targets.round() if self._classes else targets
        self._task = "regression" if not self._classes else "classification"
        self._judged = self._judge()

    def _judge(self) -> Judged | None:
        """Each row, by models that have not seen it; None where there is too little."""
        if len(self._rows) < LEAST:
            return None
        mean, std = self._rows.mean(axis=0), self._rows.std(axis=0)
        dense = np.clip((self._rows - mean) / np.where(std > 0, std, 1), -FAR, FAR)
        y: NDArray[Any] = self._targets
        rows, classes = np.arange(len(dense)), np.zeros(0)
        if self._classes:
            _, y, counts = np.unique(y, return_inverse=True, return_counts=True)
            rows = rows[counts[y] >= FOLDS]  # a class of fewer is in no fold's rest
            classes, y = np.unique(self._targets[rows], return_inverse=True)
        if len(np.unique(y)) < 2 or len(classes) > CLASSES:
            return None
        matter = Matter(
            dense=dense[rows].astype(np.float32),
            texts=None,
            y=y,
            rows=rows,
            classes=tuple(self._label(int(c)) for c in classes),
        )
        return out_of_fold(matter, seed=0, count=FOLDS)

    def reference(self) -> dict[str, Any] | None:
        """The fact `reference`: what simple models reach."""
        return None if self._judged is None else reference(self._judged)

    def learnt(self) -> dict[str, Any]:
        """Of the fact `data`: labels, the curve and, of a table, its columns."""
        said: dict[str, Any] = {}
        if self._judged is not None and self._fed.numbers:
            of = self._fed.of or len(self._rows)
            said["curve"] = learning_curve(self._judged, of, seed=0)
            if self._classes:
                said["labels"] = thirds(self._judged) | self._conflicts()
        if self._wide or not self._fed.table:
            return said
        frame = _frame(self._raw, self._names)
        kinds = {str(name): kind_of(frame[name]) for name in frame}
        told = untelling(frame, kinds, None)
        # What is rare in a sample may be ordinary in the whole.
        told |= {"nearly_constant": {}, "identifiers": []}
        if self._judged is not None:
            matter = self._judged.matter
            rows = self._rows[matter.rows]
            told["silent"] = silent(rows, matter.y, classes=self._classes)
        said["uninformative"] = told
        return said | {
            "outliers": outliers(frame, kinds),
            "inconsistent": inconsistencies(frame, kinds),
        }

    def _conflicts(self) -> dict[str, int]:
        """Of `labels`: rows that came with several labels, of so many that differ."""
        fed = self._fed
        if self._poor:
            return {}
        if fed.conflicting is not None:
            return {"conflicting": fed.conflicting, "distinct": len(fed.rows)}
        if not fed.once:
            return {}
        whole = np.ascontiguousarray(fed.rows).view(np.uint64)
        _, row = np.unique(whole, axis=0, return_inverse=True)
        pairs = np.unique(np.column_stack([row.ravel(), fed.targets]), axis=0)
        labels = np.bincount(pairs[:, 0].astype(np.int64))
        return {"conflicting": int(np.sum(labels > 1)), "distinct": len(labels)}

    def profile(self) -> dict[str, Any]:
        """The fact `data`: the columns of the sample, and its target."""
        scores = self._scores()
        named = range(0 if self._wide else self._raw.shape[1])
        target: dict[str, Any] = {"name": "target", "missing": 0.0}
        if self._classes:
            values, counts = np.unique(self._targets, return_counts=True)
            pairs = zip(values.tolist(), counts.tolist(), strict=True)
            counted = {self._label(int(v)): n for v, n in pairs}
            target |= {"kind": "category", "counts": counted}
        else:
            target |= {"kind": "number", **_moments(self._targets)}
        return {
            "rows": self._fed.of or len(self._rows),
            "sampled": len(self._rows),
            "task": self._task,
            "columns": [self._column(place, scores.get(place)) for place in named],
            "target": target,
        }

    def _label(self, number: int) -> str:
        return self._labels[number] if self._labels else str(number)

    def _scores(self) -> dict[int, float]:
        """What each of the columns that seem to tell most tells alone."""
        from sklearn.feature_selection import f_classif, f_regression

        if self._judged is None or self._wide:
            return {}
        matter = self._judged.matter
        test = f_classif if self._classes else f_regression
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of constant columns
            strength = np.nan_to_num(test(self._rows[matter.rows], matter.y)[0])
        best = np.argsort(strength)[-SCORED:].tolist()
        frame = pd.DataFrame({str(place): self._rows[:, place] for place in best})
        target = Target(
            name="target",
            task="classification" if self._classes else "regression",
            classes=matter.classes,
            rows=matter.rows,
            y=matter.y,
        )
        kinds = dict.fromkeys(map(str, best), Kind.NUMBER)
        scores = column_scores(frame, kinds, target, np.arange(len(matter)))
        return {int(name): score for name, score in scores.items()}

    def _column(self, place: int, score: float | None) -> dict[str, Any]:
        raw = self._raw[:, place]
        finite = raw[np.isfinite(raw)]
        distinct = len(np.unique(finite))
        column: dict[str, Any] = {
            "name": self._names[place] if self._names else f"input {place}",
            "kind": "constant" if distinct < 2 else "number",
            "missing": float(np.isnan(raw).mean()),
            "infinite": float(np.isinf(raw).mean()),
            "distinct": distinct,
        }
        if len(finite):
            column |= _moments(finite)
        if score is not None and distinct > 1:
            column["score"] = score
            column["score_metric"] = "auc" if self._classes else "r2"
        return column


def _moments(values: Floats) -> dict[str, float]:
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }
