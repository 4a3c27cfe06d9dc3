"""A trained model with its preparation: a folder of plain data, saved and loaded.

`model.json` says what it is and has the checksum of every other file; nothing in the
folder is ever unpickled or run. An ensemble has such a folder for each of its members,
in `members/`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit import __version__
from wellfit.core.errors import BadRun, BadSetting, BadTable, MissingExtra
from wellfit.data.decode import Decoded
from wellfit.data.features import View
from wellfit.data.prepare import Preparation
from wellfit.data.target import Task
from wellfit.models.model import Fitted, Scores, decided

SCHEMA = 1
FILE = "model.json"
PREPARATION = "preparation.json"
MEMBERS = "members"
ENSEMBLE = "ensemble"
FITTED: Mapping[str, tuple[str, str, View]] = {
    "trivial": ("wellfit.models.trivial", "FittedTrivial", "coded"),
    "linear": ("wellfit.models.linear", "FittedLinear", "dense"),
    "lightgbm": ("wellfit.models.lightgbm", "FittedLightGbm", "coded"),
    "forest": ("wellfit.models.forest", "FittedForest", "coded"),
    "xgboost": ("wellfit.models.xgboost", "FittedXgBoost", "coded"),
    "mlp": ("wellfit.models.mlp", "FittedMlp", "dense"),
    "cnn": ("wellfit.models.cnn", "FittedCnn", "pictures"),
    "own": ("wellfit.models.own", "FittedOwn", "dense"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TableModel:
    """A fitted model and all that it takes to predict from a raw table."""

    kind: str
    task: Task
    target: str
    classes: tuple[str | int | float | bool, ...]
    metric: str
    preparation: Preparation
    fitted: Fitted
    threshold: float | None = None  # of the second of two classes
    version: str = __version__

    @property
    def view(self) -> View:
        """The form of the features that it takes; a network of one's own takes any."""
        seeing = self.kind == "own" and self.preparation.pictured
        return "pictures" if seeing else FITTED[self.kind][2]

    def scores(self, frame: pd.DataFrame, decoded: Decoded | None = None) -> Scores:
        """Probabilities, rows by classes; or numbers, one a row.

        NaN where a row's image cannot be read. Those that are `decoded` already are
        not read again. `BadTable` where the model learnt from no table.
        """
        if self.of_samples:
            raise BadTable(
                "the model learnt from a Dataset of your own, and not from a table: "
                "predict for a Dataset, or for the package.module:factory of one"
            )
        features = self.preparation.apply(frame, self.view, decoded)
        out = self.fitted.predict(features.x)
        out[list(features.lacking)] = np.nan
        return out

    @property
    def of_samples(self) -> bool:
        """Whether it learnt from a Dataset of the user's own: from no columns."""
        return not self.preparation.columns

    def predict_samples(self, x: Any) -> pd.DataFrame:
        """The same as `predict`, for the inputs of a Dataset."""
        return _told(self.fitted.predict(x), self.classes, self.threshold)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`prediction`, and `probability of X` for each class X, a row a row.

        All of them are missing where a row's image cannot be read.
        """
        return _told(self.scores(frame), self.classes, self.threshold)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ensemble:
    """Several models of the same target, and how much each of them counts.

    What it predicts is the weighted mean of what they do; `weights` sum to one.
    """

    kind: ClassVar[str] = ENSEMBLE

    members: tuple[TableModel, ...]
    weights: tuple[float, ...]

    @property
    def task(self) -> Task:
        """What is predicted: classes or numbers."""
        return self.members[0].task

    @property
    def target(self) -> str:
        """The column that is predicted."""
        return self.members[0].target

    @property
    def classes(self) -> tuple[str | int | float | bool, ...]:
        """The classes, in the order of the probabilities; none of numbers."""
        return self.members[0].classes

    @property
    def metric(self) -> str:
        """What it was chosen by."""
        return self.members[0].metric

    @property
    def threshold(self) -> None:
        """An ensemble has none: the most probable class is predicted."""

    @property
    def preparation(self) -> Preparation:
        """That of the first of them: all were learnt from the same columns."""
        return self.members[0].preparation

    def scores(self, frame: pd.DataFrame, decoded: Decoded | None = None) -> Scores:
        """Probabilities, rows by classes; or numbers, one a row.

        Members of one preparation stand together: the rows are prepared once for them.
        """
        total: Any = 0.0
        ready: dict[View, Any] = {}
        last = None
        for member, weight in zip(self.members, self.weights, strict=True):
            view = member.view
            if member.preparation is not last:
                ready, last = {}, member.preparation
            if view not in ready:
                ready[view] = member.preparation.apply(frame, view, decoded).x
            total = total + weight * member.fitted.predict(ready[view])
        return np.asarray(total)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`prediction`, and `probability of X` for each class X, a row a row."""
        return _told(self.scores(frame), self.classes, self.threshold)


Saved = TableModel | Ensemble


def _told(
    out: Scores,
    classes: tuple[str | int | float | bool, ...],
    threshold: float | None,
) -> pd.DataFrame:
    if not classes:
        return pd.DataFrame({"prediction": out})
    labels = pd.Series(list(classes))
    columns = {f"probability of {c}": out[:, i] for i, c in enumerate(classes)}
    places = out if threshold is None else decided(out, threshold)
    guess = labels.iloc[places.argmax(axis=1)].reset_index(drop=True)
    unknown = np.isnan(out[:, 0])
    if unknown.any():
        guess = guess.astype(object).mask(unknown)
    return pd.DataFrame({"prediction": guess.to_numpy(), **columns})


def save(model: Saved, folder: Path) -> None:
    """Write the model into `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(model, Ensemble):
        _save_members(model, folder)
        return
    model.fitted.save(folder)
    _write(folder / PREPARATION, model.preparation.to_json())
    files = sorted(p for p in folder.iterdir() if p.name != FILE)
    said = {
        "schema": SCHEMA,
        "wellfit": model.version,
        "kind": model.kind,
        "task": model.task,
        "target": model.target,
        "classes": list(model.classes),
        "metric": model.metric,
        "threshold": model.threshold,
        "columns": list(model.preparation.sources),
        "files": {p.name: _checksum(p) for p in files},
    }
    _write(folder / FILE, said)


def _save_members(model: Ensemble, folder: Path) -> None:
    names = [f"{MEMBERS}/{place:02}" for place in range(len(model.members))]
    for name, member in zip(names, model.members, strict=True):
        save(member, folder / name)
    columns = dict.fromkeys(c for m in model.members for c in m.preparation.sources)
    said = {
        "schema": SCHEMA,
        "wellfit": model.members[0].version,
        "kind": ENSEMBLE,
        "task": model.task,
        "target": model.target,
        "classes": list(model.classes),
        "metric": model.metric,
        "columns": list(columns),
        "weights": dict(zip(names, model.weights, strict=True)),
        "files": {f"{n}/{FILE}": _checksum(folder / n / FILE) for n in names},
    }
    _write(folder / FILE, said)


def load(path: str | Path, *, trust: bool = False) -> Saved:
    """Read a model from its folder, or from the run folder that it is in.

    `trust` lets the code of a network of the user's own be imported. `BadRun` in one
    sentence where it is missing, damaged or of a newer wellfit.
    """
    folder = _folder(Path(path))
    try:
        said = json.loads((folder / FILE).read_text(encoding="utf-8"))
        _check(said, folder)
        if said["kind"] == "own" and not trust:
            raise BadRun(
                f"the model in {folder} is a network of your own, whose code has to be "
                "imported: say that you trust it, with --trust"
            )
        if said["kind"] == ENSEMBLE:
            return _together(said, folder)
        return _loaded(said, folder)
    except (BadRun, BadSetting, MissingExtra):
        raise
    except Exception as error:  # each library has its own way to refuse a damaged file
        raise BadRun(
            f"the model in {folder} is damaged ({_first_line(error)}); "
            "restore it from a copy, or train it again"
        ) from error


def _folder(path: Path) -> Path:
    for folder in (path, path / "model"):
        if (folder / FILE).is_file():
            return folder
    raise BadRun(
        f"no model at {path}: expected a folder with {FILE}, as `wellfit train` "
        "leaves it in model/ of its run folder"
    )


def _check(said: Mapping[str, Any], folder: Path) -> None:
    if said["schema"] > SCHEMA:
        raise BadRun(
            f"the model in {folder} was saved by wellfit {said['wellfit']}, newer than "
            f"this one ({__version__}): pip install -U wellfit"
        )
    for name, checksum in said["files"].items():
        inside = Path(name).name == name or name in _of_members(said)
        if not inside or _checksum(folder / name) != checksum:
            raise ValueError(f"{name} is not the file that was saved")


def _of_members(said: Mapping[str, Any]) -> list[str]:
    """What `model.json` of an ensemble has the checksums of."""
    count = len(said.get("weights", ()))
    return [f"{MEMBERS}/{place:02}/{FILE}" for place in range(count)]


def _together(said: Mapping[str, Any], folder: Path) -> Ensemble:
    """The members, which must be of one target; those prepared alike, together."""
    weights = {str(n): float(w) for n, w in said["weights"].items()}
    if [f"{name}/{FILE}" for name in weights] != list(said["files"]) or not weights:
        raise ValueError("its members are not those that were saved")
    if not np.all(np.isfinite(list(weights.values()))):
        raise ValueError("its weights are not numbers")
    members = []
    alike: dict[str, Preparation] = {}
    for name in weights:
        known = json.loads((folder / name / FILE).read_text(encoding="utf-8"))
        _check(known, folder / name)
        if known["kind"] not in FITTED or known["kind"] == "own":
            raise ValueError(f"{name} is of the kind {known['kind']!r}")
        if any(known[same] != said[same] for same in ("task", "target", "classes")):
            raise ValueError(f"{name} predicts something else")
        member = _loaded(known, folder / name)
        prepared = alike.setdefault(known["files"][PREPARATION], member.preparation)
        members.append(replace(member, preparation=prepared))
    return Ensemble(members=tuple(members), weights=tuple(weights.values()))


def _loaded(said: Mapping[str, Any], folder: Path) -> TableModel:
    home, name, _ = FITTED[said["kind"]]
    try:
        kind: type[Fitted] = getattr(import_module(home), name)
    except ModuleNotFoundError as error:
        purpose = f"predicting with a {said['kind']} model"
        raise MissingExtra(purpose, extra="tables") from error
    preparation = json.loads((folder / PREPARATION).read_text(encoding="utf-8"))
    model = TableModel(
        kind=said["kind"],
        task=said["task"],
        target=said["target"],
        classes=tuple(said["classes"]),
        metric=said["metric"],
        preparation=Preparation.from_json(preparation),
        fitted=kind.load(folder, classes=len(said["classes"])),
        threshold=said.get("threshold"),  # which older models have not
        version=said["wellfit"],
    )
    _try(model)
    return model


def _try(model: TableModel) -> None:
    """Predict one empty row: the parts must fit each other."""
    if model.of_samples:  # nothing tells what a sample is like
        return
    row = pd.DataFrame({name: [np.nan] for name in model.preparation.sources})
    out = model.scores(row)
    if out.shape != ((1, len(model.classes)) if model.classes else (1,)):
        raise ValueError(f"it predicts in the shape {out.shape}")


def _write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
