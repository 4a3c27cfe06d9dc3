"""What was trained on: the columns of a table, or the batches that were seen."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.numerals import number, quantity, share
from wellfit.show.report.parts import Cell, Section, Table, plain

MOST = 200  # columns of a table that are listed
INPUTS: Mapping[str, str] = {
    "mean": "mean",
    "std": "standard deviation",
    "min": "least",
    "max": "greatest",
}


def data(run: Run, diagnosis: Diagnosis) -> Section:
    """The profile of the data, as far as it is known."""
    return Section(
        id="data",
        title="Data",
        facts=(*_facts(run.facts.get("data") or {}), *_inputs(run), *_reference(run)),
        tables=(*_columns(run.facts.get("data") or {}), *_loaders(run)),
    )


def _facts(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if profile.get("rows"):
        sampled = profile.get("sampled") or profile["rows"]
        part = f", {sampled:,} of them looked at" if sampled != profile["rows"] else ""
        yield "Rows", f"{profile['rows']:,}{part}"
    target = profile.get("target") or {}
    if target.get("counts"):
        yield "Target", f"{target['name']}: {_shares(target['counts'])}"
    elif target:
        ends = f"{number(target.get('min'))} to {number(target.get('max'))}"
        yield "Target", f"{target['name']}: {ends}, mean {number(target.get('mean'))}"


def _shares(counts: Mapping[str, int]) -> str:
    total = sum(counts.values()) or 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    said = [f"{name} ({share(n / total)})" for name, n in ranked[:6]]
    more = [f"{len(ranked) - 6} more classes"] if len(ranked) > 6 else []
    return ", ".join(said + more)


def _inputs(run: Run) -> Iterator[tuple[str, str]]:
    inputs = run.facts.get("inputs") or {}
    if inputs.get("dtype"):
        shape = " × ".join(map(str, inputs.get("shape") or ())) or "a number"
        yield "Model input", f"{shape}, {inputs['dtype']}"
    known = [f"{w} {number(inputs[k])}" for k, w in INPUTS.items() if k in inputs]
    if known:
        yield "Input values", ", ".join(known)


def _reference(run: Run) -> Iterator[tuple[str, str]]:
    reference = run.facts.get("reference") or {}
    if reference:
        how = f"{reference['model']}, cross-validated on {reference['rows']:,} rows"
        base = f"the trivial baseline {number(reference['trivial'])}"
        value = f"{quantity(reference['metric'])} {number(reference['value'])}"
        yield "A simple model reaches", f"{value} ({how}); {base}"


def _columns(profile: Mapping[str, Any]) -> Iterator[Table]:
    columns = profile.get("columns") or []
    metric = next((c["score_metric"] for c in columns if c.get("score_metric")), "")
    fields = {f"alone, {quantity(metric)}" if n == "alone" else n: f for n, f in FIELDS}
    cells = {n: [field(c) for c in columns[:MOST]] for n, field in fields.items()}
    known = {n: made for n, made in cells.items() if any(c != NOTHING for c in made)}
    notes = (
        ["“Alone” is what a column by itself tells of the target."] if metric else []
    )
    if len(columns) > MOST:
        notes.append(f"{len(columns) - MOST:,} more columns are not shown.")
    if columns:
        yield Table(
            title="Columns",
            columns=tuple(known),
            rows=tuple(zip(*known.values(), strict=True)),
            numeric=tuple(range(2, len(known))),
            note=" ".join(notes),
        )


def _missing(column: Mapping[str, Any]) -> Cell:
    missing = column.get("missing")
    return Cell(text=share(missing), bar=missing or None)


def _score(column: Mapping[str, Any]) -> Cell:
    score = column.get("score")
    if score is None:
        return NOTHING
    return Cell(text=number(score), bar=plain([min(max(score, 0.0), 1.0)])[0])


def _number(field: str) -> Callable[[Mapping[str, Any]], Cell]:
    return lambda column: Cell(text=number(column.get(field)))


NOTHING = Cell(text=number(None))
FIELDS: tuple[tuple[str, Callable[[Mapping[str, Any]], Cell]], ...] = (
    ("column", lambda column: Cell(text=str(column["name"]))),
    ("kind", lambda column: Cell(text=str(column.get("kind", "–")))),
    ("missing", _missing),
    ("distinct", _number("distinct")),
    ("mean", _number("mean")),
    ("deviation", _number("std")),
    ("alone", _score),
)


def _loaders(run: Run) -> Iterator[Table]:
    loaders = run.facts.get("loaders") or {}
    if loaders:
        yield Table(
            title="Loaders",
            columns=("part", "rows", "batch size", "shuffled", "workers"),
            rows=tuple(
                (
                    phase,
                    number(loader.get("rows")),
                    number(loader.get("batch_size")),
                    {True: "yes", False: "no"}.get(loader.get("shuffled"), "–"),
                    number(loader.get("workers")),
                )
                for phase, loader in loaders.items()
            ),
            numeric=(1, 2, 4),
        )
