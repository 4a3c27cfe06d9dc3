"""A trained model with its preparation: a folder of plain data, saved and loaded.

`model.json` says what it is and has the checksum of every other file; nothing in the
folder is ever unpickled or run.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253

from wellfit import __version__
from wellfit.core.errors import BadRun, BadSetting, MissingExtra
from wellfit.data.decode import Decoded
from wellfit.data.features import View
from wellfit.data.prepare import Preparation
from wellfit.data.target import Task
from wellfit.models.model import Fitted, Scores, decided

SCHEMA = 1
FILE = "model.json"
PREPARATION = "preparation.json"
FITTED: Mapping[str, tuple[str, str, View]] = {
    "trivial": ("wellfit.models.trivial", "FittedTrivial", "coded"),
    "linear": ("wellfit.models.linear", "FittedLinear", "dense"),
    "lightgbm": ("wellfit.models.lightgbm", "FittedLightGbm", "coded"),
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

    def scores(self, frame: pd.DataFrame, decoded: Decoded | None = None) -> Scores:
        """Probabilities, rows by classes; or numbers, one a row.

        NaN where a row's image cannot be read. Those that are `decoded` already are
        not read again.
        """
        features = self.preparation.apply(frame, FITTED[self.kind][2], decoded)
        out = self.fitted.predict(features.x)
        out[list(features.lacking)] = np.nan
        return out

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`prediction`, and `probability of X` for each class X, a row a row.

        All of them are missing where a row's image cannot be read.
        """
        out = self.scores(frame)
        if not self.classes:
            return pd.DataFrame({"prediction": out})
        labels = pd.Series(list(self.classes))
        columns = {f"probability of {c}": out[:, i] for i, c in enumerate(self.classes)}
        places = out if self.threshold is None else decided(out, self.threshold)
        guess = labels.iloc[places.argmax(axis=1)].reset_index(drop=True)
        unknown = np.isnan(out[:, 0])
        if unknown.any():
            guess = guess.astype(object).mask(unknown)
        return pd.DataFrame({"prediction": guess.to_numpy(), **columns})


def save(model: TableModel, folder: Path) -> None:
    """Write the model into `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
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


def load(path: str | Path, *, trust: bool = False) -> TableModel:
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
        if Path(name).name != name or _checksum(folder / name) != checksum:
            raise ValueError(f"{name} is not the file that was saved")


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
