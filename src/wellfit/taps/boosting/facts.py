"""Boosters and their data in words and numbers: facts fit for JSON."""

import sys
from typing import Any

import numpy as np

from wellfit.taps.boosting.machine import Settings
from wellfit.taps.boosting.objectives import Objective
from wellfit.taps.boosting.rows import Rows, numbers
from wellfit.taps.boosting.scores import Floats, trivial
from wellfit.taps.tap import hushed

PLAIN = (bool, int, float, str, type(None))
MOST = 100  # features whose importance is said, the greatest first
MOST_COUNTED = 10_000  # classes


def model_fact(framework: str, settings: Settings) -> dict[str, Any]:
    """The fact `model` of a booster."""
    names = {"xgboost": "XGBoost", "lightgbm": "LightGBM"}
    return {
        "class": f"{names[framework]} {settings.booster}",
        "gradients": False,
        "features": settings.features,
        "rounds_before": settings.before,
    }


def optimizer_fact(settings: Settings, rate: float | None) -> dict[str, Any]:
    """The fact `optimizer`: the kind of boosting, its rate and its parameters."""
    plain = {k: v for k, v in settings.parameters.items() if isinstance(v, PLAIN)}
    return {"kind": settings.booster, "groups": [{"lr": rate, **plain}]}


def objective_fact(
    objective: Objective, targets: Floats | None, weighted: bool
) -> dict[str, Any]:
    """The fact `objective`, in the form of docs/run-folder.md."""
    fact: dict[str, Any] = {
        "criterion": objective.name,
        "task": objective.task,
        "classes": objective.classes,
        "reduction": "mean",
        "weighted": weighted,
    }
    if targets is None or not len(targets):
        return fact
    return fact | {
        "targets": _targets(targets, objective),
        "trivial": trivial(targets, objective),
    }


def _targets(targets: Floats, objective: Objective) -> dict[str, Any]:
    found: dict[str, Any] = {
        "min": float(targets.min()),
        "max": float(targets.max()),
        "mean": float(targets.mean()),
        "std": float(targets.std()),
        "integer": bool((targets == np.round(targets)).all()),
    }
    if objective.classes is not None:
        counts = np.bincount(targets.astype(np.int64), minlength=objective.classes)
        numbered = enumerate(counts[:MOST_COUNTED].tolist())
        found["counts"] = {str(label): count for label, count in numbered if count}
    return found


def importance_fact(importance: dict[str, dict[str, float]]) -> dict[str, Any]:
    """The fact `importance`: by kind, the features that matter most."""
    return {
        kind: dict(sorted(by.items(), key=lambda one: -one[1])[:MOST])
        for kind, by in importance.items()
    }


def rows_facts(rows: Rows, targets: Floats, task: str) -> dict[str, dict[str, Any]]:
    """The facts `data`, `reference` and `inputs`, from a sample of the rows."""
    told = numbers(rows.data)
    if told is None:
        return {}
    from wellfit.data.fed import Fed, facts_of  # imports scikit-learn, and pandas

    values, names = told
    fed = Fed(
        rows=values,
        targets=targets[rows.places],
        task=task,
        names=names,
        of=rows.of,
        once=True,
    )
    with hushed():
        facts = facts_of(fed)
    finite = values[np.isfinite(values)]
    facts["inputs"] |= {"shape": [values.shape[1]], "dtype": str(values.dtype)}
    if len(finite):
        facts["inputs"] |= {
            "mean": float(finite.mean()),
            "std": float(finite.std()),
            "min": float(finite.min()),
            "max": float(finite.max()),
        }
    return facts


def versions_fact() -> dict[str, str]:
    """The fact `versions` of what matters to a booster."""
    wanted = ("xgboost", "lightgbm", "sklearn", "numpy", "scipy", "pandas", "polars")
    loaded = {name: sys.modules[name] for name in wanted if name in sys.modules}
    found = {n: str(getattr(m, "__version__", "unknown")) for n, m in loaded.items()}
    return {"python": sys.version.split()[0], **found}
