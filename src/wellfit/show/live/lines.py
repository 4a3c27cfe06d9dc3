"""The lines of a frame that are words and numbers."""

from collections.abc import Iterator, Sequence
from itertools import islice
from textwrap import wrap

import numpy as np
from rich.text import Text

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.interventions import KIND, sentence
from wellfit.show.live.layers import Odd
from wellfit.show.numerals import number, share, size
from wellfit.show.terminal import COLOURS, printable

LABEL = 10  # columns
LATE = 0.05  # of a step: less of waiting is not worth a word
MOST = 3  # layers, findings, devices, parameter groups


def labelled(words: str) -> Text:
    """The beginning of a line."""
    return Text(f"{words:<{LABEL}}", style="dim")


def listed(words: str, parts: Sequence[Text | str], width: int) -> Iterator[Text]:
    """The parts side by side, as many as fit; nothing where there are none."""
    line, empty = labelled(words), True
    for part in parts:
        piece = Text("", style="not dim").append(part)
        gap = "" if empty else "  "
        if not empty and line.cell_len + len(gap) + piece.cell_len > width:
            break
        line.append(gap).append_text(piece)
        empty = False
    if not empty:
        yield line


def rates(run: Run, width: int) -> Iterator[Text]:
    """The learning rates, of each group where there are several."""
    first = run.get("learning_rate")
    groups = {} if first is None else {"": first}
    groups |= run.at("learning_rate")
    found = [signal.last for signal in groups.values() if len(signal)]
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    yield from listed("rate", [*map(number, found[:MOST]), *more], width)


def machine(run: Run, width: int) -> Iterator[Text]:
    """Processors, memory, waiting for batches; and each GPU."""
    parts = []
    busy, memory = run.get("cpu_share"), run.get("memory")
    if busy is not None and len(busy):
        parts.append(f"CPU {share(float(busy.values[-3:].mean()))}")
    if memory is not None and len(memory):
        parts.append(f"memory {size(memory.last)}")
    waited, took = run.get("data_time"), run.get("step_time")
    if waited is not None and took is not None and len(waited) and len(took):
        late = float(np.median(waited.values[-5:])) / max(took.last, 1e-9)
        if late > LATE:
            parts.append(f"waiting for data {share(min(late, 1.0))}")
    yield from listed("machine", parts, width)
    for device, signal in islice(run.at("gpu_share").items(), MOST):
        held = run.get(f"gpu_memory@{device}")
        said = [f"{share(signal.last)}"] + ([size(held.last)] if held else [])
        yield from listed(printable(device), said, width)


def interventions(run: Run, width: int) -> Iterator[Text]:
    """What was done last where the training broke."""
    latest = run.happened(KIND)[-1:]
    yield from listed("healed", [printable(sentence(one)) for one in latest], width)


def odd_layers(odd: Sequence[Odd], width: int) -> Iterator[Text]:
    """The layers that stand out, a line each."""
    for place, one in enumerate(odd[:MOST]):
        where = printable(one.where)
        line = labelled("" if place else "layers").append(one.text, style="not dim")
        room = width - line.cell_len - 1
        if room >= 4:
            cut = where if len(where) <= room else f"…{where[1 - room :]}"
            line = labelled("" if place else "layers").append(cut, style="not dim")
            line.append(f" {one.text}")
        yield line


def findings(diagnosis: Diagnosis, width: int) -> Iterator[Text]:
    """What is wrong as far as can be told by now, the most probable cause first."""
    found = diagnosis.findings
    for place, finding in enumerate(found[:MOST]):
        line = labelled("" if place else "findings")
        line.append(
            printable(finding.rule), style=f"not dim {COLOURS[finding.severity]}"
        )
        yield line.append(
            "" if finding.since is None else f" since step {finding.since:,}"
        )
        if not place:  # the others are mostly symptoms of this one
            yield from _wrapped(printable(finding.summary), width)
    if len(found) > MOST:
        yield labelled("").append(f"and {len(found) - MOST} more")
    if not found:
        yield labelled("findings").append("none by now")


def _wrapped(text: str, width: int) -> Iterator[Text]:
    """The text below a label, in two lines at most."""
    kept = wrap(text, max(width - LABEL, 10), max_lines=2, placeholder=" …")
    for line in kept:
        yield labelled("").append(line, style="not dim")
