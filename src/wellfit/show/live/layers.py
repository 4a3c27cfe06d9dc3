"""The layers that stand out from the others of their model, at the latest looks."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from wellfit.core.run import Run, Signal
from wellfit.show.numerals import number, share

LOOKS = 3  # the latest, of which the median is taken
FEW = 3  # layers, with fewer of which there is nothing to stand out from
APART = 10.0  # times the middle of the others, or a part of it
IDLE = 0.3  # a share of units, and so much above the middle of the others
SIZES = {"update_ratio": "update", "grad_norm": "gradient"}
SHARES = {"dead_share": "dead", "saturated_share": "saturated"}


class Odd(NamedTuple):
    """A place that stands out: by what, times the others, and how far (1: just so)."""

    where: str
    text: str
    far: float


def standing_out(run: Run) -> list[Odd]:
    """What stands out, the farthest first; a place once."""
    found = sorted((*_sizes(run), *_shares(run)), key=lambda odd: -odd.far)
    return list({odd.where: odd for odd in reversed(found)}.values())[::-1]


def _sizes(run: Run) -> Iterator[Odd]:
    # Matrices: a bias is small, and moves far, by nature.
    matrices = run.at("weight_norm") | run.at("update_ratio")
    for name, word in SIZES.items():
        latest = {w: v for w, v in _latest(run, name) if w in matrices and v > 0}
        if len(latest) < FEW:
            continue
        for where, value in latest.items():
            others = [v for w, v in latest.items() if w != where]
            times = value / float(np.median(others))
            far = abs(np.log(times)) / np.log(APART)
            if far >= 1:
                yield Odd(where, f"{word} × {number(float(f'{times:.2g}'))}", far)


def _shares(run: Run) -> Iterator[Odd]:
    for name, word in SHARES.items():
        latest = dict(_latest(run, name))
        for where, value in latest.items():
            others = [v for w, v in latest.items() if w != where]
            usual = float(np.median(others)) if others else 0.0
            if value - usual >= IDLE:
                yield Odd(where, f"{share(value)} {word}", (value - usual) / IDLE)


def _latest(run: Run, name: str) -> Iterator[tuple[str, float]]:
    for where, signal in run.at(name).items():
        values = _finite(signal)
        if len(values):
            yield where, float(np.median(values[-LOOKS:]))


def _finite(signal: Signal) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return signal.finite().values
