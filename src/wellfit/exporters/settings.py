"""A run's facts as settings: names with one value each, as tools compare them."""

from collections.abc import Iterator, Mapping
from typing import Any

from wellfit.core.run import Run
from wellfit.record import redact

Value = str | int | float | bool

# What was set, or is known from the start; what was seen is in signals and the report.
FACTS = (
    "command",
    "versions",
    "seeds",
    "model",
    "optimizer",
    "objective",
    "loaders",
    "clipping",
)
SEEN = ("objective.targets", "objective.outputs", "objective.trivial")
MANY = 4  # parameter groups, say: of more than these, none
WORDS = 250  # characters: what MLflow takes as a name, and enough for a value


def settings(run: Run) -> dict[str, Value]:
    """`optimizer.groups.0.lr` → 0.1, and so on: what was set in this training.

    Secrets are hidden. Long lists (a model's layers) are left to the report.
    """
    found = {}
    for fact in FACTS:
        for name, value in _flat(fact, run.facts.get(fact)):
            if not name.startswith(SEEN):
                found[name[:WORDS]] = value
    return found


def _flat(name: str, data: Any) -> Iterator[tuple[str, Value]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _flat(f"{name}.{key}", value)
    elif isinstance(data, list | tuple) and _plain(data):
        yield name, redact(" ".join(str(item) for item in data))[:WORDS]
    elif isinstance(data, list | tuple) and len(data) <= MANY:
        for number, value in enumerate(data):
            yield from _flat(f"{name}.{number}", value)
    elif isinstance(data, str):
        yield name, redact(data)[:WORDS]
    elif isinstance(data, bool | int | float):
        yield name, data


def _plain(data: list[Any] | tuple[Any, ...]) -> bool:
    return all(isinstance(item, str | int | float) for item in data)
