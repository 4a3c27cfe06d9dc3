"""memory-growth"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run, Signal
from wellfit.rules.amounts import readable
from wellfit.rules.curves import Values
from wellfit.rules.rule import Rule

PAIRED = 300  # readings, of which all pairs are taken: a long run has thousands


class Growth(NamedTuple):
    """How memory grows with the steps, once the training is warm."""

    where: str  # the machine, or a device
    signal: Signal
    slope: float  # bytes a step
    total: float  # bytes over the readings that were judged
    steady: bool  # in each quarter of the time about as much


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryGrowth(Rule):
    """Memory grows steadily with the steps, and does not level off.

    ## What it looks at
    The memory of the process tree and, of GPUs, the most that PyTorch's tensors held,
    against the steps, past the first fifth of the run and past its first epoch. The
    slope is the median of those between all pairs of readings (Theil and Sen), and must
    be beyond its 99 % interval from zero; and each quarter of the time must have its
    part of the growth.

    ## Why it hurts
    The run ends where the memory does: often in the night, and after most of the
    compute has been spent.

    ## Example
    >>> run = Run.of({"train/memory": {10 * n: 4e8 + 1e7 * n for n in range(40)}},
    ...              facts={"training": {"steps": 400}})
    >>> print(MemoryGrowth().check(run).summary)
    memory grows by 977 KiB a step, as much at the end as before: by 296 MiB since step
    80, to 753 MiB

    ## How it is told from its look-alikes
    Allocators and caches grow at first, and level off; data that are read into memory
    as they are used do so by the end of the first epoch; one large array is one leap.
    None of these grows alike in every quarter. A replay memory, or a table of results
    that is kept on purpose, does until it is full.

    ## What helps
    Nothing that can be done from outside: look in the script for what is kept from step
    to step. Losses or outputs in a list or a sum (`total += loss`) hold their graphs:
    take `loss.item()` or `.detach()`. Validation without `torch.no_grad()`, and hooks
    that store activations, do the same. Of loader workers: Python lists of many objects
    are copied page by page as they are read; keep them in an array.

    ## When it is wrong
    Memory that is filled on purpose, and files that are mapped into memory
    (`numpy.memmap`), whose pages count until the system takes them back.

    ## References
    Sen (1968), Estimates of the regression coefficient based on Kendall's tau. PyTorch
    documentation, Frequently asked questions: "My model reports CUDA out of memory".
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("train/memory",)

    readings: int = 8  # fewer show no trend in quarters
    share: float = 0.1  # of the memory held, over the readings that were judged: what
    # logs, plots and late imports take stays below it
    least: float = 32 * 2**20  # bytes: an interpreter with PyTorch moves by some MiB
    part: float = (
        0.4  # of an even growth, in each quarter. What levels off exponentially
    )
    # and has come to within e^-2 of its end has 0.15 of it in its last
    leap: float = 0.35  # of the growth, from one reading to the next: of three arrays
    # each would be that much, and three are no trend
    warm: float = 0.2  # of the steps, left out
    soon: float = 1.0  # times the steps so far, to the limit: then it is critical

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding where memory grows to the end."""
        begin, known = self._warm(run)
        judged = list(self._growths(run, begin))
        if not judged:
            return NotChecked(
                reason=f"fewer than {self.readings} readings of memory at steps of "
                "their own, after the first epoch: it is read once a second at most"
            )
        found = [g for g in judged if self._matters(g)]
        if not found:
            return None
        worst = max(found, key=lambda g: g.total)
        left = self._left(run, worst)
        near = left is not None and left < self.soon * (run.last_step + 1)
        severity = Severity.CRITICAL if near else self.severity
        return self.finding(
            self._said(worst, begin)
            + (f"; {_about(left)} steps more, and it is full" if left else ""),
            severity=Severity.NOTE if known is False else severity,
            confidence=0.5 if known is False else 0.75 if known is None else 0.85,
            where=[worst.where],
            since=begin,
            evidence=_evidence(run, worst),
        )

    def _warm(self, run: Run) -> tuple[int, bool | None]:
        """The step from which on it is judged, and whether all data were seen by then.

        None where it is not known how long an epoch is.
        """
        begin = int(self.warm * (run.last_step + 1))
        epochs = [event.step for event in run.happened("epoch")]
        if epochs:
            return max(begin, min(epochs)), True
        loaded = ((run.facts.get("loaders") or {}).get("train") or {}).get("rows")
        batch = (run.facts.get("training") or {}).get("batch_size")
        if loaded and batch:
            first = int(loaded / batch)
            return max(begin, min(first, run.last_step)), first < run.last_step
        return begin, None

    def _growths(self, run: Run, begin: int) -> Iterator[Growth]:
        sources = {"machine": run.get("memory"), **run.at("gpu_peak")}
        for where, signal in sources.items():
            late = None if signal is None else _by_step(signal, begin)
            if late is not None and len(late) >= self.readings:
                yield _growth(where, late)

    def _matters(self, growth: Growth) -> bool:
        level = float(np.median(growth.signal.values))
        much = growth.total > max(self.share * level, self.least)
        return much and growth.steady and self._even(growth.signal)

    def _even(self, signal: Signal) -> bool:
        """Whether each quarter of the steps has its part, and no one leap too much."""
        ends = np.linspace(signal.steps[0], signal.steps[-1], 5)
        grown = np.diff(np.interp(ends, signal.steps, signal.values))
        leaps = np.diff(signal.values).max() <= self.leap * grown.sum()
        return bool(leaps and np.all(grown >= self.part * grown.mean()))

    def _left(self, run: Run, growth: Growth) -> float | None:
        """Steps until memory is full; None where the limit is not known."""
        machine = run.facts.get("machine") or {}
        limits = {d.get("name"): d.get("memory") for d in machine.get("devices") or ()}
        limits["machine"] = machine.get("memory_limit")
        limit = limits.get(growth.where)
        return None if not limit else (limit - growth.signal.last) / growth.slope

    def _said(self, growth: Growth, begin: int) -> str:
        of = "memory" if growth.where == "machine" else f"memory of {growth.where}"
        return (
            f"{of} grows by {readable(growth.slope)} a step, as much at the end as "
            f"before: by {readable(growth.total)} since step {begin}, to "
            f"{readable(growth.signal.last)}"
        )


def _about(steps: float) -> str:
    """A number of steps, to two digits."""
    return f"{float(f'{steps:.2g}'):,.0f}"


def _by_step(signal: Signal, begin: int) -> Signal:
    """The readings from a step on: the last at each."""
    kept = signal.finite()
    last = np.append(np.diff(kept.steps) > 0, True) & (kept.steps >= max(begin, 1))
    steps, values = kept.steps[last], kept.values[last]
    return Signal(name=signal.name, steps=steps, values=values)


def _growth(where: str, signal: Signal) -> Growth:
    from scipy.stats import theilslopes

    some = np.linspace(0, len(signal) - 1, min(len(signal), PAIRED)).astype(int)
    steps: Values = signal.steps[some].astype(np.float64)
    slope, _, low, _ = theilslopes(signal.values[some], steps, alpha=0.99)
    total = float(slope) * float(steps[-1] - steps[0])
    return Growth(where, signal, float(slope), total, bool(low > 0))


def _evidence(run: Run, growth: Growth) -> Iterator[Evidence]:
    signal = growth.signal
    for text, place in (("at first", 0), ("at the end", -1)):
        yield Evidence(
            text=f"{readable(float(signal.values[place]))} held {text}",
            signal=signal.name,
            step=int(signal.steps[place]),
            value=float(signal.values[place]),
        )
    workers = run.get("memory@workers")
    if growth.where == "machine" and workers is not None and len(workers):
        text = f"{readable(workers.last)} of it in child processes"
        yield Evidence(text=text, signal=workers.name, value=workers.last)
