"""A table looked at before anything is trained on it: the Run of `wellfit check DATA`.

Such a run has no signals, and one rich fact, `data`. What is counted is counted on all
rows; what is learnt is learnt on a sample, and says how large it was.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit.core.errors import BadSetting, BadTable, UnknownName
from wellfit.core.run import Event, Run
from wellfit.data.columns import Kind, texts
from wellfit.data.curve import learning_curve
from wellfit.data.extremes import outliers
from wellfit.data.folders import inspect_folder
from wellfit.data.gaps import gaps
from wellfit.data.judged import matter_of, out_of_fold, recalls, reference
from wellfit.data.likeness import duplicates
from wellfit.data.overlap import overlap
from wellfit.data.profile import kinds_of, profile
from wellfit.data.shift import shift
from wellfit.data.shingles import MOST as MOST_TEXTS
from wellfit.data.shingles import near_texts
from wellfit.data.slices import weak_slices
from wellfit.data.spellings import inconsistencies
from wellfit.data.suspects import suspects
from wellfit.data.table import Table, read_table
from wellfit.data.target import Target, read_target
from wellfit.data.telling import untelling

TRAINING = frozenset({"train", "training", "fit"})
VALIDATION = frozenset({"val", "valid", "validation", "dev", "test", "testing", "eval"})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Subject:
    """What is inspected: a table, its validation part, and its columns' roles."""

    frame: pd.DataFrame
    kinds: Mapping[str, Kind]
    target: Target | None
    validation: pd.DataFrame | None = None
    group: str | None = None
    time: str | None = None
    seed: int = 0

    @property
    def used(self) -> dict[str, Kind]:
        """The columns to learn from: neither the group nor what was split by."""
        return {n: k for n, k in self.kinds.items() if n != self.group}


def inspect(
    data: Any,
    *,
    target: str | None = None,
    validation: Any = None,
    kinds: Mapping[str, str] | None = None,
    split: str | None = None,
    group: str | None = None,
    time: str | None = None,
    seed: int = 0,
) -> Run:
    """Look at data, and write down what rules judge: a Run without signals.

    `data` is a table (a path or a frame), or a folder of texts or images with a folder
    a class. `target` is the column to predict, `validation` a table of rows that are
    held out; or `split` names a column that says of each row which part it is in.
    `group` and `time` name columns that rows belong together by, and follow each other
    by. Raises `BadTable`, `BadSetting` or `UnknownName` in one sentence.
    """
    if isinstance(data, str | os.PathLike) and Path(data).is_dir():
        held = None if validation is None else Path(validation)
        return inspect_folder(Path(data), validation=held, seed=seed)
    table = read_table(data)
    other = None if validation is None else read_table(validation)
    subject = _subject(table, other, target, kinds, split, group, time, seed)
    return run_of(subject, name=table.name, notes=table.notes)


def run_of(subject: Subject, *, name: str, notes: tuple[str, ...] = ()) -> Run:
    """The Run of a subject: all that can be said of it."""
    facts: dict[str, Any] = {
        "command": {"script": name, "args": [], "framework": "table"},
        "data": _data(subject),
    }
    learnt = _learnt(subject)
    facts["data"] |= learnt.pop("data")
    said = (Event(kind="note", step=0, data={"text": note}) for note in notes)
    return Run.of(facts=facts | learnt, events=said)


def _subject(
    table: Table,
    other: Table | None,
    target: str | None,
    kinds: Mapping[str, str] | None,
    split: str | None,
    group: str | None,
    time: str | None,
    seed: int,
) -> Subject:
    frame = table.frame
    _check_names(frame, target=target, split=split, group=group, time=time)
    if other is not None and split is not None:
        raise BadSetting("validation rows come from a file or by --split; got both")
    held = None if other is None else other.frame
    if split is not None:
        frame, held = _parts(frame, split)
    found = kinds_of(frame, {n: k for n, k in (kinds or {}).items() if n != split})
    if held is not None:
        held = _aligned(frame, held, table.name)
    return Subject(
        frame=frame,
        kinds=found,
        target=None if target is None else read_target(frame[target]),
        validation=held,
        group=group,
        time=time,
        seed=seed,
    )


def _check_names(frame: pd.DataFrame, **roles: str | None) -> None:
    for role, name in roles.items():
        if name is not None and name not in frame.columns:
            raise UnknownName("column", name, among=frame.columns)
        if name is not None and role != "target" and name == roles["target"]:
            raise BadSetting(f"--{role} names the target {name!r} itself")


def _parts(frame: pd.DataFrame, split: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows for training and those held out, by what a column says of each."""
    part = texts(frame[split]).str.lower()
    training, held = part.isin(TRAINING), part.isin(VALIDATION)
    if not training.any() or not held.any():
        there = ", ".join(map(str, part.dropna().unique()[:5]))
        raise BadSetting(
            f"--split needs a column that says train and validation (or test); "
            f"{split!r} says {there}"
        )
    left = frame.drop(columns=[split])
    return _rows(left, training), _rows(left, held)


def _rows(frame: pd.DataFrame, chosen: Any) -> pd.DataFrame:
    part: pd.DataFrame = frame[chosen].reset_index(drop=True)
    return part


def _aligned(frame: pd.DataFrame, held: pd.DataFrame, name: str) -> pd.DataFrame:
    """The validation rows with training's columns, text where training's is text."""
    both = [n for n in frame if n in held]
    if not both:
        raise BadTable(
            f"the validation table has none of the columns of {name}; it has "
            f"{', '.join(map(str, held.columns[:5]))}"
        )
    found: pd.DataFrame = pd.concat([alike(frame[n], held[n]) for n in both], axis=1)
    return found


def alike(training: Any, held: Any) -> Any:
    """The held-out column, as text where training's is text."""
    numeric = pd.api.types.is_numeric_dtype
    if numeric(held.dtype) and not numeric(training.dtype):
        return texts(held)
    return held


def _data(subject: Subject) -> dict[str, Any]:
    """The fact `data`, as far as it is counted."""
    frame, kinds, target = subject.frame, subject.kinds, subject.target
    said = profile(frame, kinds, target=target)
    said["gaps"] = gaps(frame, target)
    if target is not None:
        said["order"] = _order(target)
    said |= counted(subject)
    if subject.validation is not None:
        said |= between(subject, subject.validation)
    return said


def _order(target: Target) -> dict[str, Any]:
    """What the place of a row in the table tells of its target: `order`."""
    from wellfit.data.scores import column_scores

    places = pd.DataFrame({"place": np.arange(target.rows.max() + 1.0)})
    seen = np.arange(len(target.y))
    scores = column_scores(places, {"place": Kind.NUMBER}, target, seen)
    metric = "auc" if target.task == "classification" else "r2"
    return {"score": scores["place"], "score_metric": metric}


def counted(subject: Subject) -> dict[str, Any]:
    """What is cheap to say of a table beside its profile: also said of a training."""
    frame, kinds, target = subject.frame, subject.kinds, subject.target
    name = None if target is None else target.name
    spelt = inconsistencies(frame, kinds, subject.validation)
    misread = {c["name"] for c in spelt}
    clear = {n: k for n, k in kinds.items() if n not in misread}
    return {
        "duplicates": _repeated(frame, kinds, name),
        "outliers": outliers(frame, kinds),
        "inconsistent": spelt,
        "uninformative": untelling(frame[list(clear)], clear, name),
    }


def _repeated(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], target: str | None
) -> dict[str, Any]:
    """Rows that come again, and texts that nearly do."""
    found = duplicates(frame, kinds, target)
    for name in (n for n, k in kinds.items() if k is Kind.TEXT and found):
        some = texts(frame[name]).dropna().head(MOST_TEXTS)
        pairs = near_texts(some.tolist())
        nearly = len(pairs) - found["copies"]
        if nearly > found["near"]:
            places = some.index.to_numpy()[pairs[:5]].tolist()
            found |= {"near": nearly, "text": str(name), "compared": len(some)}
            found.setdefault("examples", places)
    return found


def between(subject: Subject, validation: pd.DataFrame) -> dict[str, Any]:
    """What is said of training and validation together: `overlap` and `shift`."""
    name = None if subject.target is None else subject.target.name
    return {
        "overlap": overlap(
            subject.frame,
            validation,
            subject.kinds,
            target=name,
            group=subject.group,
            time=subject.time,
        ),
        "shift": shift(
            subject.frame,
            validation,
            subject.used,
            passes=subject.time,
            seed=subject.seed,
        ),
    }


def _learnt(subject: Subject) -> dict[str, Any]:
    """What simple models tell: `reference`, and of `data` labels, curve and slices."""
    if subject.target is None:
        return {"data": {}}
    matter = matter_of(subject.frame, subject.used, subject.target, subject.seed)
    if isinstance(matter, str):
        return {"data": {"unlearnt": matter}}
    judged = out_of_fold(matter, subject.seed)
    rows = len(subject.target.y)
    inputs = {n: k for n, k in subject.used.items() if n != subject.target.name}
    data = {
        "curve": learning_curve(judged, rows, subject.seed),
        "slices": weak_slices(subject.frame, inputs, judged),
    }
    if matter.classes:
        data |= {"labels": suspects(judged), "recalls": recalls(judged)}
    return {"data": data, "reference": reference(judged)}
