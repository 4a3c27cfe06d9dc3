"""One candidate, fitted and recorded in a run folder of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.signals import parse
from wellfit.data.target import Target
from wellfit.models.model import Fit, Model, Round, Rows, Scores, loss_of
from wellfit.objectives.metrics import scores, signals
from wellfit.record import Recorder, open_run
from wellfit.trainer.candidates import candidate
from wellfit.trainer.clock import Deadline
from wellfit.trainer.parts import Parts

NETWORKS = ("mlp", "cnn", "own")  # which the tap of PyTorch watches
EVALUATED = 50_000  # training rows at most, evenly among them, are predicted once more


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A candidate that was fitted: its scores on the validation rows, its cost.

    `fit` is the one that was recorded; on folds, `others` are those on the folds after
    the first, and all validation rows are judged by a fit that has not seen them.
    `guess` is what they were predicted to be, which took so long (`judging`, seconds).
    `cut` is whether time was up before it was done, and `unit` what an error of 1 in
    its run is in the target's own unit.
    """

    model: str
    kind: str
    fit: Fit
    validation: dict[str, float]
    seconds: float
    folder: Path
    cut: bool
    guess: Scores
    judging: float = 0.0
    unit: float = 1.0
    others: tuple[Fit, ...] = ()

    @property
    def fits(self) -> tuple[Fit, ...]:
        """A fit a fold."""
        return (self.fit, *self.others)

    def to_json(self) -> dict[str, Any]:
        """The entry, as fact and JSON have it."""
        return {
            "model": self.model,
            "validation": self.validation,
            "seconds": round(self.seconds, 3),
        }


class _Watcher:
    """Called after each round: records it, tells of it, and ends the fit in time.

    Where a tap records the fit (`tapped`), most losses stand in the run already.
    """

    def __init__(
        self,
        recorder: Recorder,
        until: Deadline,
        tell: Callable[[Round], None],
        *,
        tapped: bool,
    ) -> None:
        self._recorder, self._until, self._tell = recorder, until, tell
        self._tapped = tapped
        self._rounds: list[Round] = []
        self.recorded: set[str] = set()
        self.step = 1
        self.cut = False

    def __call__(self, done: Round) -> bool:
        if self._tapped:
            self._rounds.append(done)
        else:
            for name, value in done.signals.items():
                self._recorder.value(name, done.step, value)
        self.recorded.update(done.signals)
        self.step = done.step
        self._tell(done)
        self.cut = self._until.passed
        return not self.cut

    def make_up(self, start: int) -> None:
        """Record the losses of criteria that the tap does not know.

        `start` steps were done before this record began.
        """
        self._recorder.flush()
        known = open_run(self._recorder.folder).signals
        for done in self._rounds:
            for name, value in done.signals.items():
                if name not in known and parse(name).name == "loss":
                    self._recorder.value(name, done.step - start, value)


def run_trial(
    model: Model,
    parts: Parts,
    *,
    folder: Path,
    seed: int,
    until: Deadline,
    tell: Callable[[Round], None],
    start: int = 0,
    name: str | None = None,
) -> Entry:
    """Fit a candidate to the training rows and score it on the validation rows.

    `start` steps were done before, recorded elsewhere. `name` is what it is called,
    where that is not the kind of model that it is.
    """
    called = name or model.name
    train, validation = parts.rows("train", model.view), parts.held(model.view)
    tapped = model.name in NETWORKS
    with Recorder(folder) as recorder, outcome(recorder):
        recorder.fact(
            "command", {"script": None, "args": [called], "framework": "table"}
        )
        recorder.fact("seeds", {"numpy": seed, "torch": seed})
        watcher = _Watcher(recorder, until, tell, tapped=tapped)
        with _tap(recorder) if tapped else nullcontext():
            started = time.monotonic()
            fit = model.fit(train, validation, watcher)
            seconds = time.monotonic() - started
        guess = _guess(fit, validation)
        judging = time.monotonic() - started - seconds
        if tapped:
            watcher.make_up(start)
        else:
            _describe(recorder, parts, type(model).__name__, watcher.step, seconds)
            _evaluate(recorder, fit, parts, watcher, guess)
    return Entry(
        model=called,
        kind=model.name,
        fit=fit,
        validation={}
        if validation is None
        else scores(parts.target.task, guess, validation.y),
        seconds=seconds,
        folder=recorder.folder,
        cut=watcher.cut,
        guess=guess,
        judging=judging,
        unit=_unit(model, train.y) if not parts.target.classes else 1.0,
    )


def _guess(fit: Fit, held: Rows | None) -> Scores:
    """Of the validation rows; of none where there are no such rows."""
    return np.zeros((0, 1)) if held is None else fit.fitted.predict(held.x)


def _unit(model: Model, y: NDArray[Any]) -> float:
    """A network's targets are standardised; the others' are as they were given."""
    return float(y.std()) or 1.0 if model.name in NETWORKS else 1.0


@contextmanager
def outcome(recorder: Recorder) -> Iterator[None]:
    """Record how what is within ended, however it does."""
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        interrupted = isinstance(error, KeyboardInterrupt)
        failed = error is not None and not interrupted
        said = {"type": type(error).__name__, "message": str(error)} if failed else None
        recorder.fact("outcome", {"error": said, "interrupted": interrupted})


def _tap(recorder: Recorder) -> AbstractContextManager[object]:
    from wellfit.taps.torch import watch

    return watch(recorder=recorder)


def _describe(
    recorder: Recorder, parts: Parts, model: str, rounds: int, seconds: float
) -> None:
    rows = len(parts.split.train)
    training = {
        "steps": rounds,
        "epochs": rounds,
        "batch_size": rows,
        "rows": rows,
        "seconds": seconds,
        "evaluations": rounds,
        "loss_source": "criterion",
    }
    recorder.fact("model", {"class": model})
    recorder.fact("training", training)
    recorder.fact("objective", _objective(parts))


def _objective(parts: Parts) -> dict[str, Any]:
    target, y = parts.target, parts.target.y[parts.split.train]
    classes = target.task == "classification"
    return {
        "criterion": "cross_entropy" if classes else "mse_loss",
        "task": target.task,
        "classes": len(target.classes) or None,
        "reduction": "mean",
        "targets": _counts(target, y) if classes else _moments(y),
        "trivial": _trivial(parts),
    }


def _counts(target: Target, y: NDArray[Any]) -> dict[str, Any]:
    seen = np.bincount(y, minlength=len(target.classes)).tolist()
    labels = [str(label) for label in target.classes]
    return {"integer": True, "counts": dict(zip(labels, seen, strict=True))}


def _moments(y: NDArray[Any]) -> dict[str, Any]:
    return {
        "min": float(y.min()),
        "max": float(y.max()),
        "mean": float(y.mean()),
        "std": float(y.std()),
        "integer": bool(np.all(y == np.round(y))),
    }


def _trivial(parts: Parts) -> dict[str, float]:
    """The yardstick's scores on the validation rows, or on those it was fitted to."""
    train = parts.rows("train", "coded")
    validation = parts.held("coded") or train
    model = candidate("trivial", classes=len(parts.target.classes), seed=0)
    guess = model.fit(train, validation).fitted.predict(validation.x)
    found = scores(parts.target.task, guess, validation.y)
    names = ("accuracy",) if parts.target.task == "classification" else ("mae", "rmse")
    return {"loss": loss_of(guess, validation.y), **{n: found[n] for n in names}}


def _evaluate(
    recorder: Recorder, fit: Fit, parts: Parts, watcher: _Watcher, guess: Scores
) -> None:
    """Record the scores of the finished model that no round has told of.

    `guess` is what it predicts of the validation rows.
    """
    view, classes = fit.settled.view, parts.target.classes
    train, held = parts.rows("train", view), parts.held(view)
    some = slice(None, None, -(-len(train) // EVALUATED))
    phases = {"train": (fit.fitted.predict(train.x[some]), train.y[some])}
    if held is not None:
        phases["val"] = (guess, held.y)
    for phase, (out, y) in phases.items():
        found = {"loss": loss_of(out, y), **signals(out, y, classes)}
        for name, value in found.items():
            if f"{phase}/{name}" not in watcher.recorded:
                recorder.value(f"{phase}/{name}", watcher.step, value)
    if held is not None:
        recorder.event("evaluation", watcher.step, phase="val", rows=len(held))
