"""One frame of the view: what a training does now, in a few lines."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from rich.text import Text

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run, Signal
from wellfit.show.follow import SCORES
from wellfit.show.live import lines
from wellfit.show.live.curve import Scale, curve
from wellfit.show.live.layers import Odd
from wellfit.show.numerals import count, duration, number, share
from wellfit.show.terminal import WIDEST

VALUE = 8  # columns
NARROWEST = 8  # columns of a curve: with fewer there is none
TALL = 18  # rows of a terminal in which the curves of losses have two
LATELY = 0.02  # of the values, over which a noisy one is averaged


class Looked(NamedTuple):
    """What takes longer to see: it is looked for less often than a frame is drawn."""

    diagnosis: Diagnosis
    odd: Sequence[Odd]


class Room(NamedTuple):
    """What a frame is drawn on."""

    width: int
    height: int
    braille: bool = True


class _Track(NamedTuple):
    """A signal with a curve."""

    words: str
    signal: Signal
    colour: str
    scale: Scale


def frame(
    run: Run | None, looked: Looked | None, seconds: float, room: Room
) -> list[Text]:
    """The lines of a frame, most telling first; as many as fit."""
    if run is None or run.last_step < 0:
        said = f"wellfit: waiting for a first step, {duration(seconds)}"
        return [Text(said, style="dim")]
    width = max(min(room.width - 1, WIDEST), 1)
    made = [_across(run, seconds, width)]
    for track in _tracks(run):
        made += _drawn(run, track, room, width)
    made += [*lines.rates(run, width), *lines.machine(run, width)]
    made += lines.interventions(run, width)
    if looked is not None:
        made += lines.odd_layers(looked.odd, width)
        made += lines.findings(looked.diagnosis, width)
    made = made[: max(room.height - 2, 1)]
    for line in made:
        line.truncate(width, overflow="ellipsis")
    return made


def _across(run: Run, seconds: float, width: int) -> Text:
    """A line across: how far it is, and how fast it goes."""
    epochs, times = run.happened("epoch"), run.get("step_time")
    parts = [f"step {run.last_step + 1:,}"]
    if epochs:
        parts.append(count(len(epochs), "epoch"))
    if times is not None and len(times) and times.last > 0:
        parts.append(f"{number(float(f'{1 / times.last:.3g}'))} steps/s")
    line = Text("── ", style="dim").append("wellfit", style="not dim bold")
    for part in (*parts, duration(seconds)):
        if line.cell_len + len(part) + 4 <= width:
            line.append(" ─ ").append(part, style="not dim")
    return line.append(f" {'─' * max(width - line.cell_len - 1, 0)}")


def _tracks(run: Run) -> Iterator[_Track]:
    """The losses on one scale, so that they can be compared; and a score."""
    named = {"loss": "train/loss", "val loss": "val/loss"}
    losses = {
        w: s for w, n in named.items() if (s := run.get(n)) is not None and len(s)
    }
    scale = Scale.of(list(losses.values()))
    for words, signal in losses.items():
        colour = "yellow" if words == "val loss" else "cyan"
        yield _Track(words, signal, colour, scale)
    for name, words in SCORES.items():
        for phase in ("val", "train"):
            score = run.get(f"{phase}/{name}")
            if score is not None and len(score):
                yield _Track(words, score, "green", Scale.of([score]))
                return


def _drawn(run: Run, track: _Track, room: Room, width: int) -> Iterator[Text]:
    now = _lately(track.signal)
    said = share(now) if track.words == "accuracy" else number(now)
    space = width - lines.LABEL - VALUE - 1
    rows = 2 if "loss" in track.words and room.height >= TALL else 1
    shape = [""]
    if room.braille and space >= NARROWEST:
        shape = curve(track.signal, run.last_step, space, rows, track.scale)
    words = [(track.words, said), _best(track)]
    for row, (label, value) in zip(shape, words, strict=False):
        line = lines.labelled(label)
        line.append(f"{value:<{VALUE}} ", style="not dim")
        yield line.append(row, style=f"not dim {track.colour}")


def _best(track: _Track) -> tuple[str, str]:
    """The best validation loss, where it is not the last."""
    values = track.signal.finite().values
    past = track.words == "val loss" and len(values) and values.min() < values[-1]
    return ("  best", number(float(values.min()))) if past else ("", "")


def _lately(signal: Signal) -> float:
    """Its value now: of many, the mean of the latest; NaN where that is its last."""
    latest = signal.values[-max(1, int(LATELY * len(signal))) :]
    return float(latest.mean()) if np.isfinite(latest).all() else signal.last
