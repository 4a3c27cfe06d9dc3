"""Which logs tell of the same training: several files may, and one may tell of many."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellfit.logs.curve import Curve
from wellfit.logs.names import OURS, PHASES, phase_of
from wellfit.logs.restarts import trainings
from wellfit.logs.source import Source

# Folders that hold a part of a training's logs, not a training each.
PARTS = re.compile(
    r"checkpoint-\d+|tensorboard|tb|tb_logs|tensorboard_logs|logs?|csv|csv_logs|events"
    r"|metrics|summar(?:y|ies)|eval_.*|\d{10}(?:\.\d+)?"
)
Values = NDArray[np.float64]

PHASELESS = {"epoch", "step", "lr", "learning_rate"}
AGREE = 0.98  # of the values at common steps: the rest may be rounding, or late edits
LATE = 0.2  # of what was logged: a training that begins so far in was resumed
CLOSE = 2e-3  # relative: logs are rounded, to four digits often


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Together:
    """The logs of one training: what is told, by whom, under which name."""

    name: str
    home: Path
    sources: tuple[Source, ...]


def together(sources: Iterable[Source], root: Path) -> list[Together]:
    """The trainings that the logs below a folder tell of.

    Logs of one folder are of one training unless they contradict each other: the same
    quantity with other values at the same steps. What only goes on where another ended
    continues it.
    """
    homes: dict[tuple[Path, str], list[Source]] = {}
    apart = [part for source in sources for part in _parts(_placed(source, root))]
    known = {source.home for source in apart}
    found = []
    for source in apart:
        if source.alone:
            name = _front(source.home, source.run, root)
            found.append(Together(name=name, home=source.home, sources=(source,)))
            continue
        home = _above_runs(source.home, known)
        homes.setdefault((home, source.run), []).append(replace(source, home=home))
    for (home, run), of in homes.items():
        groups: list[list[Source]] = []
        for source in sorted(of, key=_begun):
            group = next((g for g in groups if _fits(source, g)), None)
            groups.append([source]) if group is None else group.append(source)
        found += [
            Together(name=name, home=home, sources=tuple(group))
            for name, group in zip(_names(home, run, groups, root), groups, strict=True)
        ]
    return _told_apart(found)


def _parts(source: Source) -> list[Source]:
    """A source for each training that stands in it."""
    parts = trainings(source.curves)
    if len(parts) == 1:
        notes = source.notes + parts[0].notes
        return [replace(source, curves=parts[0].curves, notes=notes)]
    return [
        replace(
            source,
            curves=part.curves,
            notes=source.notes + part.notes,
            run=f"{source.run or source.files[0].stem}#{number}",
        )
        for number, part in enumerate(parts, start=1)
    ]


def _placed(source: Source, root: Path) -> Source:
    """At the folder of its training, and with the phase that folders and files tell."""
    home, phase = source.home, ""
    while home != root and root in home.parents and _is_part(home.name):
        phase = phase or phase_of(home.name)
        home = home.parent
    phase = phase or _phase_of_file(source)
    if any(phase_of(name) for name in source.curves):  # it says so itself
        phase = ""
    names = {
        name: f"{phase}/{name}"
        for name in source.curves
        if phase and name.lower() not in PHASELESS and name not in source.names
    }
    curves = {names.get(name, name): curve for name, curve in source.curves.items()}
    return replace(source, home=home, curves=curves)


def _is_part(folder: str) -> bool:
    """Whether a folder of that name belongs to the training of the one above it."""
    name = folder.lower()
    if name in PHASES or PARTS.fullmatch(name):
        return True
    words = [w for w in re.split(r"[^a-z0-9]+|_", name) if w]
    rest = "_".join(w for w in words if w not in PHASES)
    return bool(phase_of(name)) and rest in OURS


def _phase_of_file(source: Source) -> str:
    """By a file called train.csv, val_log.txt; event files have names of their own."""
    if source.format == "TensorBoard" or len(source.files) != 1:
        return ""
    stem = source.files[0].name.partition(".")[0]
    return phase_of(stem) if len(re.split(r"[^a-zA-Z0-9]+|_", stem)) <= 2 else ""


def _above_runs(home: Path, known: set[Path]) -> Path:
    """Of `out/runs/Nov26_…`, where a trainer logs, `out`, if it has a log as well."""
    above = home.parent.parent
    return above if home.parent.name == "runs" and above in known else home


def _begun(source: Source) -> tuple[str, str]:
    return source.run, str(source.files[0])


def _fits(source: Source, group: Sequence[Source]) -> bool:
    """Whether it may be of the same training as all of these."""
    return all(_agree(source, other) for other in group)


def _agree(one: Source, other: Source) -> bool:
    if one.unit != other.unit:
        return one.format != other.format
    shared = [n for n in one.curves if n in other.curves]
    shared.sort(key=lambda name: -len(one.curves[name]))
    return all(_same(one.curves[n], other.curves[n]) is not False for n in shared[:4])


def _same(one: Curve, other: Curve) -> bool | None:
    """Whether two curves are of one training; None where nothing tells."""
    if not len(one) or not len(other):
        return None
    a, b = _at_common_steps(one, other)
    if len(a):
        with np.errstate(invalid="ignore"):  # inf - inf
            near = np.abs(a - b) <= CLOSE * np.abs(b)
        close = near | (a == b) | (np.isnan(a) & np.isnan(b))
        if close[_telling(a)].mean() >= AGREE:
            return True
    return _goes_on(one, other) or _goes_on(other, one)


def _telling(values: Values) -> NDArray[np.bool_]:
    """Those that differ from the one before: many trainings rest at 0 or 1."""
    return np.append(True, values[1:] != values[:-1])


def _at_common_steps(one: Curve, other: Curve) -> tuple[Values, Values]:
    if np.array_equal(one.steps, other.steps):
        return one.values, other.values
    _, mine, theirs = np.intersect1d(one.steps, other.steps, return_indices=True)
    return one.values[mine], other.values[theirs]


def _goes_on(before: Curve, after: Curve) -> bool:
    """Whether the second goes on where the first was, past where it ended."""
    first, ended = int(after.steps.min()), int(before.steps.max())
    if first <= before.steps.min() or after.steps.max() <= ended:
        return False
    return first > ended or bool((before.steps < first).mean() > LATE)


def _names(
    home: Path, run: str, groups: Sequence[Sequence[Source]], root: Path
) -> list[str]:
    """Of each training: its folder below the root, and what tells it from others."""
    place = home.relative_to(root).as_posix() if root in home.parents else ""
    if len(groups) == 1:
        return [_front(home, run, root)]
    stems = [group[0].files[0].name for group in groups]
    told = [stem.partition(".")[0] or stem for stem in stems]
    if len({*told}) < len(told):
        told = [str(number) for number in range(1, len(groups) + 1)]
    return ["/".join(part for part in (place, run, one) if part) for one in told]


def _front(home: Path, run: str, root: Path) -> str:
    place = home.relative_to(root).as_posix() if root in home.parents else ""
    front = place or ("" if run else home.name)
    return "/".join(part for part in (front, run) if part)


def _told_apart(found: Sequence[Together]) -> list[Together]:
    """With a number after each name that several have."""
    times: dict[str, int] = {}
    named = []
    for one in found:
        times[one.name] = times.get(one.name, 0) + 1
        ending = f" ({times[one.name]})" if times[one.name] > 1 else ""
        named.append(replace(one, name=f"{one.name}{ending}"))
    return named


def merged(sources: Sequence[Source]) -> Mapping[str, list[Curve]]:
    """Each curve of theirs: where one continues another both, else the longest."""
    found: dict[str, list[Curve]] = {}
    for source in sources:
        for name, curve in source.curves.items():
            if not len(curve):
                continue
            told = found.setdefault(name, [])
            if told and not _goes_on(told[-1], curve):
                if len(curve) > sum(map(len, told)):
                    found[name] = [curve]
            else:
                told.append(curve)
    return found
