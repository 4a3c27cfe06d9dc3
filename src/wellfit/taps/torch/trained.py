"""Of the batches that are trained on: their scores, and some of their rows.

Of those that are evaluated, some rows too.
"""

from collections import deque
from typing import Any

import torch
from torch import Tensor

from wellfit.taps.sample import COLUMNS, Held, Sample
from wellfit.taps.sample import ROWS as SAMPLED
from wellfit.taps.tap import Records
from wellfit.taps.torch.batches import Batches
from wellfit.taps.torch.criteria import Call
from wellfit.taps.torch.numbers import Floats, Later, send, settle
from wellfit.taps.torch.objective import Objective
from wellfit.taps.torch.scores import ClassScores
from wellfit.taps.torch.sources import ROWS, Sources, marks

SMALL = 4096  # outputs of a batch that is scored between looks too
LEAST = 32  # rows that were trained on, before an evaluation is compared with them
TOGETHER = 16  # batches that are scored together


class TrainScores:
    """Signals of how well the batches are predicted, some batches at a time."""

    def __init__(self, records: Records, objective: Objective) -> None:
        self._records = records
        self._objective = objective  # which counts what was predicted
        self._batches = Batches()
        self._coming: deque[tuple[Batches, int]] = deque()  # and their last step

    def add(self, call: Call) -> None:
        """Take in a call that is cut off from its graph."""
        self._batches.add(call)

    def add_small(self, call: Call) -> None:
        """Take in a call, if its batch is small."""
        if call.outputs.numel() <= SMALL:
            self._batches.add(call.cut())

    def flush(self, last: int, *, whole: bool) -> None:
        """Record what is there, up to the step `last`; all of it where `whole`."""
        batches = self._batches
        if batches.calls >= TOGETHER or (whole and batches.calls):
            batches.score()
            self._coming.append((batches, last))
            self._batches = Batches()
        while self._coming and (whole or self._coming[0][0].here):
            batches, step = self._coming.popleft()
            for name, value in batches.result().items():
                if "@" not in name:
                    self._records.value(f"train/{name}", step, value)
            if isinstance(batches.scores, ClassScores):
                self._objective.count(batches.scores.counts())


class Rows:
    """Some rows, kept to know them again in an evaluation, and to learn from."""

    def __init__(self, sources: Sources) -> None:
        self.sample, self.held = Sample(), Held()
        self.back = HeldBack(self)
        self._sources = sources
        self._coming: deque[Later] = deque()

    def restart(self) -> None:
        """Another training begins, of another model or on other rows."""
        self.flush(whole=True)
        self.sample, self.held = Sample(), Held()

    def keep(self, batch: Tensor, targets: Tensor | None) -> None:
        """Keep some of a batch, once they have come from its device."""
        later = self.later(batch, targets)
        if later is not None:
            self._coming.append(later)

    def flush(self, *, whole: bool) -> None:
        """Take in what has come; waits for all where `whole`."""
        settle(self._coming, wait=whole)

    def later(self, batch: Tensor, targets: Tensor | None) -> Later | None:
        """Some rows of a batch on their way, for whoever waits for them."""
        if not takes(batch):
            return None
        if batch[0].numel() > COLUMNS:  # too wide to be learnt from
            some = marks(batch[:: -(-len(batch) // ROWS)])
            return Later((send(some.clone()),), self._know)
        sample, table = self.sample, is_table(batch)
        numbers = batch.is_floating_point()

        def tell(rows: Floats, targets: Floats | None = None) -> dict[str, float]:
            sample.add(rows, targets, table=table, numbers=numbers)
            return self._know(rows)

        return Later(some_of(batch, targets, sample.room), tell)

    def _know(self, rows: Floats) -> dict[str, float]:
        self._sources.remember(torch.from_numpy(rows))
        return {}


class HeldBack:
    """Some rows of an evaluation under way; of the first over validation they stay.

    What enters a model while it is evaluated may be anything: rows are of the
    evaluation once a loss was taken of as many.
    """

    def __init__(self, rows: Rows) -> None:
        self._trained = rows
        self._entered: list[tuple[Tensor, int]] = []  # and the step at which
        self._coming: list[Later] = []
        self._sample = Sample()
        self._rows = 0

    def enter(self, batch: Tensor, step: int) -> None:
        """A batch enters a model that is evaluated."""
        if self._trained.held.rows is not None or self._rows >= SAMPLED:
            return
        if not takes(batch) or batch[0].numel() > COLUMNS:
            return
        if self._entered and self._entered[-1][1] != step:
            self._entered = []
        if sum(len(b) for b, _ in self._entered) < SAMPLED:
            self._entered.append((batch, step))

    def scored(self, rows: int, step: int) -> None:
        """A loss was taken of so many rows: those that entered last, if they add up."""
        entered, self._entered = self._entered, []
        taken: list[Tensor] = []
        while entered and sum(map(len, taken)) < rows:
            batch, then = entered.pop()
            taken.append(batch)
            if then != step:
                return
        if sum(map(len, taken)) == rows:
            for batch in reversed(taken):
                self._keep(batch)

    def _keep(self, batch: Tensor) -> None:
        sample, table, room = self._sample, is_table(batch), SAMPLED - self._rows
        if room <= 0:
            return
        self._rows += min(len(batch), room)

        def tell(rows: Floats) -> dict[str, float]:
            sample.add(rows, None, table=table)
            return {}

        self._coming.append(Later(some_of(batch, None, room), tell))

    def end(self, phase: str) -> None:
        """The pass is over."""
        trained = self._trained.sample
        if phase == "val" and self._coming and len(trained) >= LEAST:
            settle(deque(self._coming), wait=True)
            if len(self._sample):
                self._trained.held.take(self._sample, trained)
        self._coming, self._sample, self._rows = [], Sample(), 0


def takes(batch: Tensor) -> bool:
    """Whether a batch has rows of its own to take."""
    odd = batch.is_nested or batch.is_sparse
    return not odd and batch.ndim > 0 and batch.numel() > 0


def is_table(batch: Tensor) -> bool:
    """Whether the columns of a batch mean something each."""
    return batch.ndim == 2 and batch.is_floating_point()


def some_of(batch: Tensor, targets: Tensor | None, room: int) -> tuple[Any, ...]:
    """At most so many rows, evenly spread, and their targets, on their way."""
    apart = -(-len(batch) // room)
    coming = [send(batch.detach()[::apart].clone())]
    if targets is not None and targets.numel() == len(batch):
        coming.append(send(targets.detach().reshape(-1)[::apart].clone()))
    return tuple(coming)
