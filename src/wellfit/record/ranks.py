"""Ranks that trained together, joined to one run; what they say only together."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from wellfit.core.errors import BadRun
from wellfit.core.run import Event, Run, Signal

Table = NDArray[np.float64]  # ranks × steps

WEIGHTS, COMPUTE = "train/weight_norm", "train/compute_time"
SPREAD, STRAGGLE = "train/rank_spread", "train/straggle"


def join(ranks: Mapping[int, Run], missing: Mapping[int, str]) -> Run:
    """The run of the first rank, with the others beside it, and how they differ.

    `missing` says of ranks why they could not be read; others that ought to be there,
    by the fact `ranks` or by their numbers, are missed too. A note tells of each.
    """
    first, *others = sorted(ranks)
    run = ranks[first]
    said = (run.facts.get("ranks") or {}).get("count", 1)
    expected = max(said, 1 + max([*ranks, *missing]))
    absent = {n: "it has no file" for n in range(expected) if n not in ranks}
    notes = [_note(rank, why) for rank, why in sorted({**absent, **missing}.items())]
    if others:
        run = replace(
            run,
            signals=Together(ranks, own=run.signals),
            ranks=MappingProxyType({rank: ranks[rank] for rank in others}),
        )
    return replace(run, events=(*run.events, *notes)) if notes else run


def _note(rank: int, why: str) -> Event:
    text = f"rank {rank} is missing from this run: {why}"
    return Event(kind="note", step=0, data=MappingProxyType({"text": text}))


class Together(Mapping[str, Signal]):
    """The first rank's own signals, and behind them those of all ranks together.

    Each of those is worked out on first use, at the steps where every rank that can be
    read has a value; it is empty where there is no such step.
    """

    def __init__(self, ranks: Mapping[int, Run], *, own: Mapping[str, Signal]) -> None:
        self._ranks = ranks
        self._own = own
        self._sources = dict(self._derivable())
        self._known: dict[str, Signal] = {}

    def _derivable(self) -> Iterator[tuple[str, tuple[str, int | None]]]:
        """Names, what each is worked out from, and the rank that it is of."""
        if self._all_have(WEIGHTS):
            yield SPREAD, (WEIGHTS, None)
        if self._all_have(COMPUTE):
            yield STRAGGLE, (COMPUTE, None)
            for rank in self._ranks:
                yield f"{STRAGGLE}@rank{rank}", (COMPUTE, rank)

    def _all_have(self, name: str) -> bool:
        return all(name in run.signals for run in self._ranks.values())

    def __getitem__(self, name: str) -> Signal:
        if name in self._own or name not in self._sources:
            return self._own[name]
        if name not in self._known:
            self._known[name] = self._work_out(name, *self._sources[name])
        return self._known[name]

    def _work_out(self, name: str, source: str, rank: int | None) -> Signal:
        found = self._readable(source)
        if len(found) < 2 or (rank is not None and rank not in found):
            return Signal(name=name, steps=np.empty(0, np.int64), values=np.empty(0))
        steps, table = aligned(list(found.values()))
        if source == WEIGHTS:
            return Signal(name=name, steps=steps, values=disagreement(table))
        fair, ratios = paces(table)
        of = ratios[list(found).index(rank)] if rank in found else ratios.max(axis=0)
        return Signal(name=name, steps=steps[fair], values=of)

    def _readable(self, name: str) -> dict[int, Signal]:
        found = {}
        for rank, run in self._ranks.items():
            with suppress(BadRun):
                found[rank] = run.signals[name]
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._sources

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *self._sources]))

    def __len__(self) -> int:
        return len({*self._own, *self._sources})


def aligned(signals: Sequence[Signal]) -> tuple[NDArray[np.int64], Table]:
    """The steps (n) that all have, rising, and their values (signals × n).

    Where a signal has several values at a step, it is the last of them.
    """
    latest = [np.unique(s.steps[::-1], return_index=True) for s in signals]
    steps = reduce(np.intersect1d, [steps for steps, _ in latest])
    rows = [
        signal.values[::-1][at[np.searchsorted(own, steps)]]
        for signal, (own, at) in zip(signals, latest, strict=True)
    ]
    return steps, np.array(rows)


def disagreement(norms: Table) -> NDArray[np.float64]:
    """By step, how far apart they are: (greatest - least) / greatest; of zeros, 0."""
    greatest, least = norms.max(axis=0), norms.min(axis=0)
    with np.errstate(all="ignore"):  # runs that diverged hold NaN and infinities
        apart = (greatest - least) / greatest
    return np.where((greatest == 0) & (least == 0), 0.0, apart)


def paces(seconds: Table) -> tuple[NDArray[np.bool_], Table]:
    """At which steps the median rank took any time, and there each over the median."""
    median = np.median(seconds, axis=0)
    fair = median > 0
    return fair, seconds[:, fair] / median[fair]
