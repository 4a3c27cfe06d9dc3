"""A Run from the logs of one training: signals under our names, facts, events."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from wellfit.core.run import Event, Run, Signal
from wellfit.logs import settings
from wellfit.logs.choose import Chosen, choose
from wellfit.logs.curve import Curve
from wellfit.logs.names import POSITIONS
from wellfit.logs.restarts import settled
from wellfit.logs.source import Source
from wellfit.logs.together import Together, merged
from wellfit.record import redact

PERCENT = (
    "accuracy",
    "balanced_accuracy",
    "eval_accuracy",
    "f1",
    "precision",
    "recall",
)
UNITS = ("step", "round", "epoch", "row")  # the first that a log has is taken
MOST_LEFT = 50  # names that are told


@dataclass(slots=True)
class _Telling:
    """What is to be told of how a log was read."""

    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    restarts: int = 0


def run_of(logs: Together) -> Run:
    """The Run that these logs tell of."""
    telling = _Telling()
    sources = _of_one_unit(logs.sources, telling)
    curves = {}
    for name, parts in merged(sources).items():
        curve, times = settled(_joined(parts))
        telling.restarts = max(telling.restarts, times)
        curves[name] = curve
    for source in sources:
        telling.notes += [n for n in source.notes if n not in telling.notes]
        telling.left += [n for n in source.left if n not in telling.left]
    if telling.restarts:
        telling.notes.append(
            f"its steps go back {telling.restarts} times: what was logged again "
            "replaces what was there"
        )
    known = {n: ours for s in sources for n, ours in s.names.items()}
    chosen = choose(curves, known)
    telling.left += chosen.left
    telling.notes += chosen.notes
    signals = _signals(curves, chosen, telling)
    said, files = _settings(logs)
    return Run(
        facts=MappingProxyType(
            {
                **_facts(sources, said, curves),
                "log": _log(logs, sources, chosen, files, telling),
                "metrics": {str(ours): redact(n) for ours, n in chosen.taken.items()},
            }
        ),
        signals=MappingProxyType(signals),
        events=tuple(_events(curves, telling, signals)),
        path=logs.home if len(logs.sources) > 1 else logs.sources[0].files[0],
    )


def _of_one_unit(sources: Sequence[Source], telling: _Telling) -> list[Source]:
    """Those that count alike, steps before epochs; the others are told of."""
    units = {s.unit for s in sources if s.curves}
    unit = next((u for u in UNITS if u in units), "step")
    for source in sources:
        if source.curves and source.unit != unit:
            telling.notes.append(
                f"{source.files[0].name} counts by {source.unit}, another file by "
                f"{unit}: that one was taken"
            )
    return [s for s in sources if s.unit == unit or not s.curves]


def _joined(parts: Sequence[Curve]) -> Curve:
    if len(parts) == 1:
        return parts[0]
    return Curve(
        order=np.arange(sum(map(len, parts)), dtype=np.int64),
        steps=np.concatenate([part.steps for part in parts]),
        values=np.concatenate([part.values for part in parts]),
    )


def _signals(
    curves: Mapping[str, Curve], chosen: Chosen, telling: _Telling
) -> dict[str, Signal]:
    found = {}
    for ours, theirs in chosen.taken.items():
        curve = curves[theirs]
        values = curve.values
        if ours.name in PERCENT and _is_percent(values):
            values = values / 100
            telling.notes.append(f"{theirs} is in percent: taken as a share")
        found[str(ours)] = Signal(
            name=str(ours), steps=curve.steps, values=values.copy()
        )
    for ours, parts in chosen.sums.items():
        found[str(ours)] = _sum(str(ours), [curves[part] for part in parts])
    return found


def _is_percent(values: Any) -> bool:
    finite = values[np.isfinite(values)]
    return bool(len(finite) and finite.max() > 1.5 and finite.min() >= 0) and bool(
        finite.max() <= 100
    )


def _sum(name: str, parts: Sequence[Curve]) -> Signal:
    steps = parts[0].steps
    for part in parts[1:]:
        steps = np.intersect1d(steps, part.steps)
    total = sum(part.values[np.isin(part.steps, steps)] for part in parts)
    return Signal(name=name, steps=steps, values=np.asarray(total, dtype=np.float64))


def _settings(logs: Together) -> tuple[dict[str, Any], list[Path]]:
    """What the log itself says, and what stands beside it."""
    own = [s for s in logs.sources if not s.alone]
    folders = [logs.home, *(s.files[0].parent for s in own)] if own else []
    beside, files = settings.beside(tuple(dict.fromkeys(folders)))
    said = [settings.flat(source.settings) for source in logs.sources]
    return {**beside, **{k: v for one in said for k, v in one.items()}}, files


def _facts(
    sources: Sequence[Source], said: Mapping[str, Any], curves: Mapping[str, Curve]
) -> dict[str, Any]:
    facts: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for told in (settings.facts(said), *(s.facts for s in sources)):
        for name, fact in told.items():
            facts[name] = {**facts[name], **fact}
    epochs = _epochs(curves)
    if epochs is None and sources and sources[0].unit == "epoch":
        ends = [c for c in curves.values() if len(c)]
        epochs = max((len(np.unique(c.steps)) for c in ends), default=None)
    if epochs is not None:
        facts["training"]["epochs"] = epochs
    if said:
        facts["hyperparameters"] = dict(said)
    return dict(facts)


def _epochs(curves: Mapping[str, Curve]) -> int | None:
    """How many epochs there were, by a curve that counts them."""
    counted = _epoch_curve(curves)
    if counted is None:
        return None
    values = counted.values[np.isfinite(counted.values)]
    whole = bool((values == np.floor(values)).all()) and len(values)
    # Whole numbers are those of the running epoch, from 0; fractions are done.
    last = values.max() + (1 if whole and values.min() == 0 else 0)
    return int(min(np.ceil(last), 1e9))


def _epoch_curve(curves: Mapping[str, Curve]) -> Curve | None:
    for name, curve in curves.items():
        last = name.lower().rpartition("/")[2]
        if last in ("epoch", "epochs") and np.isfinite(curve.values).any():
            return curve
    return None


def _events(
    curves: Mapping[str, Curve], telling: _Telling, signals: Mapping[str, Signal]
) -> Iterator[Event]:
    """Where epochs began, and what is to be said of the log."""
    counted = _epoch_curve(curves)
    if counted is not None:
        whole = np.floor(np.nan_to_num(counted.values, posinf=0, neginf=0))
        for place in np.flatnonzero(np.diff(whole) > 0)[:8192]:
            step, number = int(counted.steps[place + 1]), int(whole[place + 1])
            yield Event(kind="epoch", step=step, data={"number": number})
    last = max((int(s.steps[-1]) for s in signals.values() if len(s)), default=0)
    for note in telling.notes:
        yield Event(kind="note", step=last, data={"text": note})


def _log(
    logs: Together,
    sources: Sequence[Source],
    chosen: Chosen,
    settings_files: Sequence[Path],
    telling: _Telling,
) -> dict[str, Any]:
    """The fact `log`: what was read as what."""
    files = [file for source in logs.sources for file in source.files]
    left = [
        redact(n) for n in dict.fromkeys(telling.left) if not POSITIONS.fullmatch(n)
    ]
    return {
        "name": redact(logs.name),
        "formats": list(dict.fromkeys(source.format for source in logs.sources)),
        "files": [redact(str(f)) for f in dict.fromkeys([*files, *settings_files])][
            :100
        ],
        "step_unit": sources[0].unit if sources else "step",
        "taken": {
            **{str(ours): redact(theirs) for ours, theirs in chosen.taken.items()},
            **{str(o): " + ".join(map(redact, t)) for o, t in chosen.sums.items()},
        },
        "left": left[:MOST_LEFT],
        "restarts": telling.restarts,
        "points": sum(source.points for source in logs.sources),
        "notes": [redact(note) for note in telling.notes],
    }
