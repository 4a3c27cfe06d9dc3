"""How runs differ: the hyperparameters of each, its seed, and what varies among many.

Hyperparameters are read from whatever tells them: those that a log holds, the command's
arguments, the parameters of an estimator, the optimizer's groups, the batch size.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from typing import Any

from wellfit.core.run import Run

Value = float | str
Settings = Mapping[str, Value]

SEED = re.compile(r"(^|[._-])(seed|random[_-]?state|rng)s?$|_seed$", re.IGNORECASE)
# What may differ from run to run, and is no hyperparameter: names, places, machines.
IDLE = re.compile(
    r"(^|[._-])(id|name|tags?|notes?|group|project|entity|time|date|timestamp|host\w*|"
    r"user\w*|device|devices|gpus?|cuda|rank|local_rank|port|workers|num_workers|"
    r"n_jobs|threads|verbose|\w*dir|\w*path|\w*folder|out|output|save\w*|log\w*|"
    r"resume|checkpoint\w*|version|quiet|json|progress)$",
    re.IGNORECASE,
)
FLAG = re.compile(r"^-{0,2}([A-Za-z_][\w.-]*)=(.*)$")


def hyperparameters(run: Run) -> dict[str, Value]:
    """Name → value of all that was set for the run and is told: numbers, or text.

    >>> facts = {"command": {"args": ["--lr", "0.1", "model.width=64", "--seed=3"]}}
    >>> hyperparameters(Run.of(facts=facts))
    {'lr': 0.1, 'model.width': 64.0}
    """
    return {n: v for n, v in _told(run).items() if not SEED.search(n)}


def seed_of(run: Run) -> str | None:
    """The run's seed, as text; None where it is not known.

    >>> seed_of(Run.of(facts={"seeds": {"torch": 3, "numpy": None}}))
    'torch 3'
    """
    seeds = run.facts.get("seeds") or {}
    known = [f"{name} {seed}" for name, seed in seeds.items() if seed is not None]
    told = [f"{n} {v}" for n, v in _told(run).items() if SEED.search(n)]
    return ", ".join(told or known) or None


def varied(settings: Sequence[Settings]) -> tuple[str, ...]:
    """The names whose values differ; of those that change together, the first.

    A rate is told by the command and by the optimizer, say. What most runs do not tell
    is left out.

    >>> varied([{"lr": 0.1, "optimizer.lr": 0.1}, {"lr": 0.2, "optimizer.lr": 0.2}])
    ('lr',)
    """
    found: dict[tuple[int, ...], str] = {}
    for name in dict.fromkeys(n for one in settings for n in one):
        values = [one.get(name) for one in settings]
        if sum(v is None for v in values) > len(values) / 2:
            continue
        pattern = _pattern(values)
        if len(set(pattern)) > 1:
            found.setdefault(pattern, name)
    return tuple(found.values())


def _pattern(values: Sequence[Value | None]) -> tuple[int, ...]:
    """Each value's place among all: in their order, from the end that comes first.

    Two names with one pattern rise and fall together. Text has no order: there it is
    that of appearance.
    """
    if all(isinstance(v, float) for v in values):
        ordered = sorted({v for v in values if isinstance(v, float)})
        places: dict[Value | None, int] = {v: i for i, v in enumerate(ordered)}
        first, last = places[values[0]], len(ordered) - 1
        turned = 2 * first > last
        return tuple(last - places[v] if turned else places[v] for v in values)
    places = {}
    return tuple(places.setdefault(v, len(places)) for v in values)


def flat(given: Mapping[str, Any], front: str = "") -> dict[str, Value]:
    """Nested settings as one level of numbers and text, `a.b` for what is within.

    >>> flat({"model": {"width": 64, "bias": True}, "betas": [0.9, 0.99]})
    {'model.width': 64.0, 'model.bias': 'true', 'betas': '[0.9, 0.99]'}
    """
    found: dict[str, Value] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{front}{name}.")
        else:
            found[f"{front}{name}"] = _value(value)
    return found


def _told(run: Run) -> dict[str, Value]:
    """All that is told, the most deliberate first; a name keeps its first value."""
    facts, found = run.facts, dict[str, Value]()
    for source in (
        flat(facts.get("hyperparameters") or {}),
        dict(_arguments((facts.get("command") or {}).get("args") or ())),
        flat(_own_fit(facts)),
        flat(_known(_optimizer(facts))),
        flat(_known(_rest(facts))),
    ):
        found |= {n: v for n, v in source.items() if n not in found}
    return {n: v for n, v in found.items() if not IDLE.search(n) or SEED.search(n)}


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _own_fit(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of the estimator that the run is of."""
    for fit in (facts.get("fits") or {}).get("fits") or ():
        if fit.get("where") == ".":
            own: Mapping[str, Any] = fit.get("parameters") or {}
            return own
    return {}


def _optimizer(facts: Mapping[str, Any]) -> dict[str, Any]:
    told = facts.get("optimizer") or {}
    groups = told.get("groups") or [{}]
    own = {n: v for n, v in groups[0].items() if n != "parameters"}
    return {"optimizer": told.get("kind")} | own


def _rest(facts: Mapping[str, Any]) -> dict[str, Any]:
    model, training = facts.get("model") or {}, facts.get("training") or {}
    command, objective = facts.get("command") or {}, facts.get("objective") or {}
    return {
        "script": command.get("script"),
        "criterion": objective.get("criterion"),
        "batch_size": training.get("batch_size"),
        "model": model.get("class"),
        "model.parameters": model.get("parameters"),
    }


def _arguments(args: Iterable[str]) -> Iterator[tuple[str, Value]]:
    """`--name value`, `--name=value` and `name=value`; a flag alone is `true`."""
    waiting: str | None = None
    for arg in map(str, args):
        given = FLAG.match(arg)
        is_name = arg.startswith("-") and not _is_number(arg)
        if waiting is not None:
            alone = given is not None or is_name
            yield waiting, "true" if alone else _value(arg)
            waiting = None
            if not alone:
                continue
        if given is not None:
            yield given[1], _value(given[2])
        elif is_name:
            waiting = arg.lstrip("-").replace("-", "_")
    if waiting is not None:
        yield waiting, "true"


def _value(value: Any) -> Value:
    """A number as a float, all else as text: NaN too, which equals nothing."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float) or (isinstance(value, str) and _is_number(value)):
        return "nan" if isnan(float(value)) else float(value)
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
