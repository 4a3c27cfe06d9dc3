"""Steps that go back: a training that was resumed, begun anew, or counted by epoch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wellfit.logs.curve import Curve, Curves
from wellfit.logs.names import meaning

SLACK = 1.5  # strides: what begins so close to the first step begins anew


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Part:
    """One training of a log: its curves, and what had to be done to them."""

    curves: Curves
    notes: tuple[str, ...] = ()


def trainings(curves: Curves) -> list[Part]:
    """The trainings that stand one after another in a log; most often one.

    Where steps begin again at the first and the loss is back where it was at the
    start, another training begins. Where the loss goes on from where it was, only the
    count began again (with each epoch, say): it is counted on.
    """
    main = _main(curves)
    if main is None:
        return [Part(curves=curves)]
    starts = [s for s in _begins(main) if _is_anew(main, s)]
    if not starts:
        return [Part(curves=curves)]
    bounds = [0, *(_boundary(curves, main, s) for s in starts), _end(curves)]
    parts = [
        {name: c.within(first, last) for name, c in curves.items()}
        for first, last in pairwise(bounds)
    ]
    if _goes_on(parts):
        return [_counted_on(parts)]
    note = f"its steps begin again {len(starts)} times: a training each"
    return [
        Part(curves={n: c for n, c in part.items() if len(c)}, notes=(note,))
        for part in parts
    ]


def settled(curve: Curve) -> tuple[Curve, int]:
    """One value a step, in order; and how often the count went back to be redone.

    What was logged again, after a restart from a checkpoint, replaces what was there.
    Values that merely came out of order are sorted.
    """
    steps = curve.steps
    back = np.flatnonzero(np.diff(steps) < 0)
    if not len(back):
        if len(steps) < 2 or (np.diff(steps) > 0).all():
            return curve, 0
        return curve.where(np.append(np.diff(steps) != 0, True)), 0
    redone = len(np.unique(steps)) < len(steps)
    if redone:
        # A value stands unless a later one goes to its step or to one before it.
        least_after = np.minimum.accumulate(steps[::-1])[::-1]
        keep = np.append(steps[:-1] < least_after[1:], True)
        return curve.where(keep), len(back)
    order = np.argsort(steps, kind="stable")
    return Curve(
        order=curve.order[order], steps=steps[order], values=curve.values[order]
    ), 0


def _main(curves: Curves) -> Curve | None:
    """The training loss, else the longest."""
    losses = [c for n, c in curves.items() if _is_loss(n) and len(c) > 1]
    longest = max(curves.values(), key=len, default=None)
    best = max(losses, key=len, default=longest)
    return best if best is not None and len(best) > 1 else None


def _is_loss(name: str) -> bool:
    said = meaning(name)
    return said is not None and said.name[:2] == ("train", "loss")


def _begins(curve: Curve) -> Iterator[int]:
    """The places whose steps are below the one before."""
    yield from (int(at) + 1 for at in np.flatnonzero(np.diff(curve.steps) < 0))


def _is_anew(curve: Curve, at: int) -> bool:
    """Whether the count is back at its first step there."""
    ahead = np.diff(curve.steps)
    stride = float(np.median(ahead[ahead > 0])) if (ahead > 0).any() else 1.0
    return bool(curve.steps[at] <= curve.steps[0] + SLACK * stride - stride)


def _boundary(curves: Curves, main: Curve, at: int) -> int:
    """The record with which it begins: of the curve that goes back first."""
    before, there = int(main.order[at - 1]), int(main.order[at])
    first = there
    for curve in curves.values():
        for place in _begins(curve.within(before, there + 1)):
            inside = curve.within(before, there + 1)
            first = min(first, int(inside.order[place]))
            break
    return first


def _end(curves: Curves) -> int:
    return max(int(c.order[-1]) for c in curves.values() if len(c)) + 1


def _goes_on(parts: list[dict[str, Curve]]) -> bool:
    """Whether each part's loss begins nearer to the last value before it than to the
    very first one.
    """
    losses = [_main(part) for part in parts]
    known = [c for c in losses if c is not None and np.isfinite(c.values).all()]
    if len(known) < len(parts):
        return False
    first = float(np.median(known[0].values[:3]))
    nearer = [
        abs(float(np.median(after.values[:3])) - float(np.median(before.values[-3:])))
        < abs(float(np.median(after.values[:3])) - first)
        for before, after in pairwise(known)
    ]
    return sum(nearer) >= len(nearer) / 2


def _counted_on(parts: list[dict[str, Curve]]) -> Part:
    """The parts as one training, each part's steps after those before it."""
    shifted: dict[str, list[Curve]] = {}
    before = 0
    for part in parts:
        ends = [int(c.steps.max()) for c in part.values() if len(c)]
        for name, c in part.items():
            moved = Curve(order=c.order, steps=c.steps + before, values=c.values)
            shifted.setdefault(name, []).append(moved)
        before += max(ends, default=-1) + 1
    note = (
        f"its steps begin again {len(parts) - 1} times as the loss goes on: counted on"
    )
    return Part(curves=_whole(shifted), notes=(note,))


def _whole(parts: Mapping[str, list[Curve]]) -> dict[str, Curve]:
    return {
        name: Curve(
            order=np.concatenate([c.order for c in of]),
            steps=np.concatenate([c.steps for c in of]),
            values=np.concatenate([c.values for c in of]),
        )
        for name, of in parts.items()
    }
