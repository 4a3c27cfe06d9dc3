"""Logs as people print them: `step 250: train loss 2.34, val loss 2.40`.

A line is read as labels with a number each. What counts (steps, epochs, batches within
an epoch) says where the line stands; what is known, or looks like a loss, says that it
is of training.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, ClassVar, NamedTuple

from wellfit.core.errors import BadLog
from wellfit.logs.delimited import lines
from wellfit.logs.names import PHASES, meaning
from wellfit.logs.peek import Peek
from wellfit.logs.position import EPOCHS, STEPS, Axis
from wellfit.logs.rows import gather
from wellfit.logs.source import Format, Source

NUMBER = re.compile(
    r"(?<![\w@.\-])(?P<value>[-+]?(?>\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
    r"|\.\d+(?:[eE][-+]?\d+)?|nan\b|inf(?:inity)?\b))(?P<share>%)?(?![\w.]\w)(?!\w)",
    re.IGNORECASE,
)
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
OF = re.compile(r"\s*(?:/|of)\s*(\d[\d,]*)")
MEAN = re.compile(r"\s*\(\s*([-+]?\d+\.?\d*(?:[eE][-+]?\d+)?)\s*\)")
WORD = re.compile(r"[A-Za-z]+")
APART = re.compile(r"[,;|\t)\]}{]|\s-\s|:\s|\.\s|\s{3,}|[\"']\s*:\s*[\"']")
FIRST_LINES = 1000  # that tell what is counted
LONGEST = 5000  # characters of a line that are looked at
TELLING = 3  # lines that make a log, in a folder


class Said(NamedTuple):
    """A number, its label, what it is out of, the mean in brackets behind it, and
    whether it stood after `=` or `:`.
    """

    label: str
    value: float
    out_of: int | None
    mean: float | None
    marked: bool
    before: str


@dataclass(slots=True)
class Line:
    """What one line says: where it stands, and its numbers by name."""

    step: int | None = None
    epoch: float | None = None
    within: tuple[int, int] | None = None  # the batch, and how many there are
    samples: bool = False  # what is counted within an epoch is samples
    values: dict[str, float] = field(default_factory=dict)


class Text(Format):
    """Anything that prints a loss with a step, an epoch, or just a line at a time."""

    name: ClassVar = "text"

    def claims(self, peek: Peek) -> bool:
        """Lines with a loss or a score; in a folder, a few that say where they are."""
        said = list(parsed(peek.lines[:FIRST_LINES]))
        told = sum(bool(one.values) for one in said)
        placed = {(one.step, one.epoch, one.within) for one in said}
        apart = len(placed - {(None, None, None)})
        return told > 0 and (peek.named or min(told, apart) >= TELLING)

    def read(self, peek: Peek) -> Iterable[Source]:
        """All numbers with a label in such lines."""
        with peek.path.open(encoding=peek.encoding, errors="replace") as file:
            said = parsed(lines(file, peek.path))
            first = list(islice(said, FIRST_LINES))
            unit = _unit(first)
            rows = _rows(chain(first, said), unit)
            counted = None if unit == "row" else "step"
            found = gather(rows, Axis(unit=unit, column=counted))
        if not found.curves:
            raise BadLog(f"{peek.path} has lines, but no number in them has a name")
        yield Source(
            format=self.name,
            files=(peek.path,),
            home=peek.path.parent,
            curves=found.curves,
            unit=unit,
            notes=found.notes,
        )


def parsed(of: Iterable[str]) -> Iterator[Line]:
    """Each line that says where it stands, or anything that is measured."""
    last = ""
    for raw in of:
        for text in re.split(r"\r|\x08+", ESCAPES.sub("", raw)):
            phase = last if text.lstrip().startswith("*") else ""
            line, last = _line(text[:LONGEST], phase)
            if line.values or line.epoch is not None or line.step is not None:
                yield line


def _line(text: str, phase: str) -> tuple[Line, str]:
    """What a line says, and the phase that it speaks of at its end."""
    line = Line()
    for said in _numbers(text):
        phase = _spoken(said.before) or phase
        if not said.label:
            if said.out_of and line.within is None and said.value.is_integer():
                line.within = int(said.value), said.out_of
                line.samples = bool(re.match(r".*\(\s*\d+\s*%\)", said.before + text))
            continue
        kind = _counted(said.label)
        if kind and said.value == said.value and abs(said.value) < 1e15:
            _place(line, kind, said)
        elif not kind:
            _measure(line, said, phase)
    return line, phase


def _numbers(text: str) -> Iterator[Said]:
    at, skip = 0, -1
    for found in NUMBER.finditer(text):
        before = text[at : found.start()]
        at = found.end()
        if found.start() < skip:  # it is what the one before is out of
            continue
        total = OF.match(text, at)
        skip = total.end() if total else -1
        label = _label(before)
        if not label and not total:
            continue
        yield Said(
            label=label,
            value=float(found["value"].replace(",", "")),
            out_of=int(total[1].replace(",", "")) if total else None,
            mean=float(mean[1]) if (mean := MEAN.match(text, at)) else None,
            marked=before.rstrip().endswith(("=", ":", '":', "':")),
            before=before,
        )


def _label(before: str) -> str:
    """The words right before a number, without what parts them from it."""
    bare = before.rstrip(" :=#[(<>*~'\"\t")
    said = APART.split(bare)[-1].strip(" :=#[](){}<>*~'\"|/\\-\t█▏▎▍▌▋▊▉━─")
    return said if WORD.search(said) and len(said) <= 60 and said.count(" ") < 5 else ""


def _spoken(before: str) -> str:
    """The phase that the words before a number speak of; the last of them."""
    found = [PHASES[w.lower()] for w in WORD.findall(before) if w.lower() in PHASES]
    return found[-1] if found else ""


def _counted(label: str) -> str:
    """What a label counts: `step`, `epoch`, or nothing."""
    words = [w for w in re.split(r"[\s_/]+", label.lower()) if w not in PHASES]
    said = "_".join(words)
    ends = words[-1] if words else ""
    if said in EPOCHS or ends in ("epoch", "epochs", "ep"):
        return "epoch"
    return "step" if said in STEPS or ends in ("step", "iter", "iteration") else ""


def _place(line: Line, kind: str, said: Said) -> None:
    if kind == "epoch":
        line.epoch = said.value if line.epoch is None else line.epoch
    elif said.value.is_integer():
        if said.out_of and (line.epoch is not None or "batch" in said.label.lower()):
            line.within = int(said.value), said.out_of
        elif line.step is None:
            line.step = int(said.value)


def _measure(line: Line, said: Said, phase: str) -> None:
    """A number that is measured, under the name that its label and the line give."""
    meant = meaning(said.label, phase)
    if meant is None:
        return
    loss = meant.name.name.endswith("loss")
    if not (meant.known or loss or (said.marked and line.values)):
        return
    value = said.value
    if said.mean is not None and meant.name.phase != "train":
        value = said.mean  # of the batches so far: Loss 1.5 (1.25)
    if said.out_of:  # Accuracy: 9843/10000
        if "acc" not in said.label.lower() and "correct" not in said.label.lower():
            return
        value = said.value / said.out_of
    own = bool(_spoken(said.label))
    name = said.label if own or not phase else f"{phase}/{said.label}"
    line.values.setdefault(name, value)


def _unit(first: Iterable[Line]) -> str:
    """What is counted: a step that is said, a batch within an epoch, else epochs."""
    told = [line for line in first if line.values]
    steps = {line.step for line in told if line.step is not None}
    within = [line for line in told if line.within and not line.samples]
    epochs = {line.epoch for line in first if line.epoch is not None}
    if len(steps) > 1 or (steps and not epochs and not within):
        return "step"
    if len({line.within for line in within}) > 1:
        return "step"
    whole = all(float(epoch).is_integer() for epoch in epochs)
    if whole and len(epochs) > 1 and len(told) < 4 * len(epochs):
        return "epoch"
    return "row"


def _rows(of: Iterable[Line], unit: str) -> Iterator[dict[str, Any]]:
    """A row a line, with the step where it stands."""
    epoch, first, at = None, None, None
    for line in of:
        epoch = line.epoch if line.epoch is not None else epoch
        first = epoch if first is None else first
        if unit == "epoch":
            at = epoch
        elif unit == "step" and not _evaluates(line):
            at = _step(line, (epoch or 0) - (first or 0), at)
        row: dict[str, Any] = dict(line.values)
        if unit == "step" and line.epoch is not None and line.values:
            row["epoch"] = line.epoch
        if line.values:
            yield row | ({} if at is None or unit == "row" else {"step": at})


def _step(line: Line, epochs: float, last: float | None) -> float | None:
    if line.step is not None:
        return line.step
    if line.within is not None and not line.samples:
        batch, of = line.within
        return int(epochs) * of + batch
    return last


def _evaluates(line: Line) -> bool:
    """Whether all it says is of validation: what it counts is not training's."""
    phases = [m.name.phase for n in line.values if (m := meaning(n)) is not None]
    return bool(phases) and "train" not in phases and line.step is None
