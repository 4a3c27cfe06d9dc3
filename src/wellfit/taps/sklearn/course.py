"""How a fit went, step by step, as far as the fitted estimator remembers it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wellfit.taps.names import signal_of

Points = dict[str, list[tuple[int, float]]]  # signal → step and number


@dataclass(frozen=True, slots=True)
class Course:
    """Steps done, signals by step, and whether it came to an end of its own."""

    steps: int = 1
    epochs: int | None = None
    batch_size: int | None = None
    converged: bool | None = None
    kept: int | None = None  # the step whose weights were kept
    signals: Points = field(default_factory=dict)

    def fact(self) -> dict[str, Any]:
        """Of the fact `training`."""
        said = {
            "steps": self.steps,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "converged": self.converged,
            "kept": self.kept,
        }
        return {name: value for name, value in said.items() if value is not None}


def course_of(last: Any, rows: int, classes: int) -> Course:
    """The course of a fitted estimator; `rows` is what it was given."""
    known = vars(last)
    if known.get("coefs_") is not None and "n_layers_" in known:
        return _of_perceptron(known, rows, classes)
    if "train_score_" in known and "validation_score_" in known:
        return _of_histograms(known, classes)
    if "train_score_" in known:
        return _of_boosting(known)
    if "estimator_errors_" in known:
        rounds = len(known["estimators_"])
        errors = [(i, float(e)) for i, e in enumerate(known["estimator_errors_"])]
        return Course(steps=rounds, signals={"train/round_error": errors[:rounds]})
    return _of_solver(known, classes)


def _of_perceptron(known: dict[str, Any], rows: int, classes: int) -> Course:
    epochs = int(known["n_iter_"])
    done = epochs < int(known["max_iter"])
    if known["solver"] == "lbfgs":
        end = [(epochs, float(known["loss_"]))] if "loss_" in known else []
        signals = {"train/loss": end} | _weights(known, epochs)
        return Course(steps=epochs, converged=done, signals=signals)
    if known["early_stopping"]:
        rows -= int(np.ceil(rows * float(known["validation_fraction"])))
    asked = known["batch_size"]
    batch = min(200, rows) if asked == "auto" else int(np.clip(asked, 1, rows))
    each = max(1, -(-rows // max(batch, 1)))  # steps of an epoch
    curve, held = known["loss_curve_"], known.get("validation_scores_") or ()
    signals = {"train/loss": _spaced(curve, each, behind=1)}
    kept = None
    if len(held):
        score = "val/accuracy" if classes else "val/r2"
        signals[score] = _spaced(held, each, behind=0)
        kept = each * (1 + int(np.argmax(held)))
    return Course(
        steps=len(curve) * each,
        epochs=len(curve),
        batch_size=batch,
        converged=done,
        kept=kept,
        signals=signals | _weights(known, len(curve) * each),
    )


def _spaced(values: Any, each: int, *, behind: int) -> list[tuple[int, float]]:
    return [((i + 1) * each - behind, float(v)) for i, v in enumerate(values)]


def _of_histograms(known: dict[str, Any], classes: int) -> Course:
    """Its scores begin before the first round, and are the greater the better."""
    rounds = len(known["_predictors"])
    signals: Points = {}
    scoring = known.get("scoring")
    if scoring == "loss":
        named, sign = "loss", -1.0
    else:
        default = "accuracy" if classes else "r2"
        named, sign = scoring if isinstance(scoring, str) else default, 1.0
    if scoring is not None and not isinstance(scoring, str):
        named = "score"
    for phase, scores in (
        ("train", known["train_score_"]),
        ("val", known["validation_score_"]),
    ):
        name = named if phase == "val" or named == "loss" else f"eval_{named}"
        points = [(i, sign * float(v)) for i, v in enumerate(scores)]
        if points:
            signals[signal_of(f"{phase}/{name}")] = points
    done = rounds < int(known["max_iter"]) if known["do_early_stopping_"] else None
    return Course(steps=rounds, converged=done, signals=signals)


def _of_boosting(known: dict[str, Any]) -> Course:
    rounds = int(known.get("n_estimators_", len(known["train_score_"])))
    losses = [(i + 1, float(v)) for i, v in enumerate(known["train_score_"])]
    signals = {"train/loss": losses[:rounds]}
    if "oob_scores_" in known:
        oob = [(i + 1, float(v)) for i, v in enumerate(known["oob_scores_"])]
        signals["train/oob_loss"] = oob[:rounds]
    done = None
    if known.get("n_iter_no_change") is not None:
        done = rounds < int(known["n_estimators"])
    return Course(steps=rounds, converged=done, signals=signals)


def _of_solver(known: dict[str, Any], classes: int) -> Course:
    """Solvers that tell how often they went round, and forests."""
    rounds = _rounds(known.get("n_iter_"))
    if rounds is None:
        members = known.get("estimators_")
        rounds = len(members) if members is not None else 1
        signals = _weights(known, rounds)
        if isinstance(known.get("oob_score_"), float | np.floating):
            signals["train/oob_score"] = [(rounds, float(known["oob_score_"]))]
        return Course(steps=rounds, signals=signals)
    epochs = rounds if "t_" in known else None
    return Course(
        steps=rounds,
        epochs=epochs,
        converged=_converged(known, rounds),
        signals=_weights(known, rounds),
    )


def _rounds(said: Any) -> int | None:
    if said is None:
        return None
    counted = np.asarray(said, dtype=object).ravel()
    numbers = [int(n) for n in counted if n is not None]
    return max(1, *numbers, 1) if numbers else None


def _converged(known: dict[str, Any], rounds: int) -> bool | None:
    if isinstance(known.get("converged_"), bool | np.bool_):
        return bool(known["converged_"])
    if "fit_status_" in known:
        return int(known["fit_status_"]) == 0
    most = known.get("max_iter")
    if not isinstance(most, int | np.integer) or most <= 0:
        return None
    if known.get("tol", 0) is None:  # it was to go on until then
        return None
    return rounds < int(most)


def _weights(known: dict[str, Any], step: int) -> Points:
    """The norms of the weights, at the end."""
    found = {where: float(np.linalg.norm(a)) for where, a in _matrices(known)}
    if not found:
        return {}
    whole = float(np.sqrt(sum(norm**2 for norm in found.values())))
    places = {f"train/weight_norm@{w}": [(step, n)] for w, n in found.items()}
    return {"train/weight_norm": [(step, whole)]} | (places if len(found) > 1 else {})


def _matrices(known: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for place, weight in enumerate(known.get("coefs_", ())):
        yield f"coefs_.{place}", weight
    coefficients = known.get("coef_")
    if isinstance(coefficients, np.ndarray) and coefficients.dtype.kind == "f":
        yield "coef_", coefficients
