"""What came out: candidates against the baseline, scores by part, classes."""

from collections.abc import Iterator
from typing import Any

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run, Signal
from wellfit.core.signals import SIGNALS
from wellfit.show.numerals import capital, duration, number, quantity, share
from wellfit.show.report.curves import PHASES
from wellfit.show.report.parts import Cell, Chart, Section, Table, plain
from wellfit.show.report.thin import settled

CLASSES = 200  # that are listed
SCORES = (
    "loss",
    "accuracy",
    "balanced_accuracy",
    "auc",
    "log_loss",
    "r2",
    "rmse",
    "mae",
    "spread",
    "top_share",
)


def candidates(run: Run, diagnosis: Diagnosis) -> Section:
    """The models that were tried on a table, the trivial one among them."""
    tried = run.facts.get("candidates") or []
    names = tuple(dict.fromkeys(name for one in tried for name in one["validation"]))
    columns = ("model", *map(quantity, names), "time")
    table = Table(
        title="",
        columns=columns,
        rows=tuple(
            (
                one["model"],
                *(number(one["validation"].get(name)) for name in names),
                duration(one.get("seconds")),
            )
            for one in tried
        ),
        numeric=tuple(range(1, len(columns))),
    )
    return Section(
        id="candidates",
        title="Candidates",
        note="Scores on the validation part, which chose between them.",
        charts=tuple(_compared(run, tried, names)),
        tables=(table,) if tried else (),
    )


def result(run: Run, diagnosis: Diagnosis) -> Section:
    """Scores at the end of training, by part of the data, and recall by class."""
    return Section(
        id="result",
        title="Result",
        tables=(*_scores(run), *_classes(run)),
    )


def _compared(
    run: Run, tried: list[dict[str, Any]], names: tuple[str, ...]
) -> Iterator[Chart]:
    selection = run.facts.get("selection") or {}
    metric = selection.get("metric") or (names[0] if names else "")
    scored = {one["model"]: one["validation"].get(metric) for one in tried}
    known = {model: score for model, score in scored.items() if score is not None}
    if len(known) > 1:
        title = f"Validation {quantity(metric)}"
        words = " ".join(f"{model}: {number(score)}." for model, score in known.items())
        yield Chart(
            id="candidates-chart",
            title=title,
            label=f"{title} by model. {words}",
            spec={
                "kind": "bars",
                "rows": list(known),
                "values": plain(known.values()),
                "chosen": selection.get("chosen"),
            },
        )


def _scores(run: Run) -> Iterator[Table]:
    trivial = (run.facts.get("objective") or {}).get("trivial") or {}
    found = {
        name: {part: _last(run, part.format(name)) for part in PHASES}
        for name in SCORES
    }
    known = {
        n: by for n, by in found.items() if any(v is not None for v in by.values())
    }
    parts = [p for p in PHASES if any(by[p] is not None for by in known.values())]
    base = any(trivial.get(name) is not None for name in known)
    if known:
        columns = ("", *(PHASES[p] for p in parts), *(["trivial baseline"] * base))
        yield Table(
            title="Scores at the end",
            columns=columns,
            rows=tuple(
                (
                    quantity(name),
                    *(number(by[p]) for p in parts),
                    *([number(trivial.get(name))] * base),
                )
                for name, by in known.items()
            ),
            numeric=tuple(range(1, len(columns))),
            note=" ".join(
                f"{capital(quantity(n))}: {SIGNALS[n]}."
                for n in known
                if n not in ("loss", "accuracy")
            ),
        )


def _last(run: Run, name: str) -> float | None:
    signal = run.get(name)
    return settled(signal) if signal is not None and len(signal) else None


def _classes(run: Run) -> Iterator[Table]:
    recalls = {p: run.at(f"{p}/recall") for p in ("train", "val", "test")}
    parts = [p for p, by in recalls.items() if by]
    targets = (run.facts.get("objective") or {}).get("targets") or {}
    counts = targets.get("counts") or {}
    names = list(dict.fromkeys(name for p in parts for name in recalls[p]))
    labels = _labels(run)
    more = len(names) - CLASSES
    left_out = f" {more:,} more classes are not shown." if more > 0 else ""
    total = sum(counts.values())
    if names:
        yield Table(
            title="Recall by class",
            columns=(
                "class",
                "samples",
                *(f"recall, {PHASES[f'{p}/{{}}']}" for p in parts),
            ),
            rows=tuple(
                (
                    labels.get(name, name),
                    _counted(counts.get(name), total),
                    *(_recall(recalls[p].get(name)) for p in parts),
                )
                for name in names[:CLASSES]
            ),
            numeric=tuple(range(1, 2 + len(parts))),
            note=f"Samples are those seen as targets in training.{left_out}",
        )


def _labels(run: Run) -> dict[str, str]:
    """Code → label of a class, where a table said them: a training of our own."""
    if (run.facts.get("command") or {}).get("framework") != "table":
        return {}
    target = (run.facts.get("data") or {}).get("target") or {}
    return {
        str(code): str(label) for code, label in enumerate(target.get("counts", ()))
    }


def _counted(samples: int | None, total: int) -> Cell:
    if samples is None:
        return Cell(text="–")
    return Cell(text=f"{samples:,}", bar=samples / total if total else None)


def _recall(signal: Signal | None) -> Cell:
    if signal is None or not len(signal):
        return Cell(text="–")
    return Cell(text=share(signal.last), bar=plain([signal.last])[0])
