"""The recipe that was trained by: its settings, each with its reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.core.words import enumerated
from wellfit.show.numerals import number
from wellfit.show.report.parts import Chart, Key, Section, Table, plain

Plain = Mapping[str, Any]
Row = tuple[str, str, str]  # path, value, reason
UNSAID = ("version", "reasons")
NAMED = 12  # columns of a kind that are named


def recipe(run: Run, diagnosis: Diagnosis) -> Section:
    """What stands in recipe.yaml: what was chosen for a reason, and all the rest."""
    said = run.facts.get("recipe") or {}
    rows = list(_rows(said, "", said.get("reasons") or {}))
    return Section(
        id="recipe",
        title="Recipe",
        note="recipe.yaml in the run folder has all of it, to be trained by again."
        if said
        else "",
        charts=tuple(_range_test(run.facts.get("range_test") or {})),
        tables=(*_reasoned(rows), *_others(rows)),
    )


def _reasoned(rows: list[Row]) -> Iterator[Table]:
    told = [(_breakable(path), value, why) for path, value, why in rows if why]
    if told:
        yield Table(title="", columns=("setting", "value", "why"), rows=tuple(told))


def _others(rows: list[Row]) -> Iterator[Table]:
    """What is as it usually is, a line a section."""
    by: dict[str, list[str]] = {}
    for path, value, why in rows:
        section, _, name = path.partition(".")
        if not why:
            by.setdefault(section, []).append(f"{name} {value}" if name else value)
    if by:
        told = tuple((section, "; ".join(said)) for section, said in by.items())
        yield Table(title="All else", columns=("section", "settings"), rows=told)


def _breakable(path: str) -> str:
    """A dotted path, which a narrow column may break after a dot."""
    return path.replace(".", ".\u200b")


def _rows(value: Any, path: str, reasons: Mapping[str, str]) -> Iterator[Row]:
    """Each setting that says something: its path, its value, and why it is so."""
    why = reasons.get(path, "")
    if path == "data.kinds":
        yield from _kinds(value or {}, reasons)
    elif isinstance(value, Mapping):
        if why:
            yield path, "", why
        for key, inner in value.items():
            if path or key not in UNSAID:
                here = f"{path}.{key}" if path else str(key)
                yield from _rows(inner, here, reasons)
    elif isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
        for place, inner in enumerate(value):
            here = f"{path}.{place}"
            yield here, _stage(inner), reasons.get(here, "")
    elif value not in (None, []):
        yield path, _text(value), why


def _kinds(kinds: Mapping[str, str], reasons: Mapping[str, str]) -> Iterator[Row]:
    """Columns by their kind; those with a reason of their own on lines of their own."""
    by: dict[tuple[str, str], list[str]] = {}
    for name, kind in kinds.items():
        by.setdefault((kind, reasons.get(f"data.kinds.{name}", "")), []).append(name)
    for (kind, why), names in by.items():
        more = [f"{len(names) - NAMED:,} more"] if len(names) > NAMED else []
        yield f"data.kinds: {kind}", enumerated([*names[:NAMED], *more]), why


def _stage(stage: Plain) -> str:
    """A stage of the schedule, or an augmentation: its name and what it is told."""
    params = {**stage, **(stage.get("params") or {})}
    told = {k: v for k, v in params.items() if v not in (None, {}, "")}
    words = [f"{k} {_text(v)}" for k, v in told.items() if k not in {"name", "params"}]
    return f"{stage.get('name')}: {', '.join(words)}" if words else str(stage["name"])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return number(value) if isinstance(value, float) else str(value)


def _range_test(found: Plain) -> Iterator[Chart]:
    """The loss by the rate that it was trained with for a step."""
    if not found:
        return
    taken = number(found["rate"])
    yield Chart(
        id="range-test",
        title="Range test of the learning rate",
        label=f"The smoothed loss by learning rate, a step each; {taken} is taken.",
        keys=(
            Key(name="loss, smoothed", tone="0"),
            Key(name="the rate that is taken", tone="level", text=taken),
        ),
        spec={
            "kind": "lines",
            "along": "rate",
            "unit": "number",
            "log": False,
            "smooth": False,
            "lines": [
                {
                    "name": "loss",
                    "tone": 0,
                    "dots": False,
                    "steps": False,
                    "raw": [plain(found["rates"]), plain(found["losses"])],
                    "smooth": None,
                }
            ],
            "spans": [],
            "levels": [],
            "taken": plain([found["rate"]]),
        },
    )
