"""Batches of predictions and targets: their loss and their scores together."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from wellfit.taps.torch.criteria import Call
from wellfit.taps.torch.numbers import fetch
from wellfit.taps.torch.scores import Scores, scores_for

MOST_HELD = 1 << 20  # outputs held back for one calculation: 4 MiB of float32
MOST_VALUES = 1 << 12  # losses of an evaluation held back for one wait


class Batches:
    """Calls of criteria, held for a moment so that many are worked off at once.

    Of a `whole` evaluation the loss is summed too.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self.rows = 0
        self.calls = 0
        self.scores: Scores | None = None
        self._criterion: str | None = None  # of several, the first is scored
        self._scored: list[tuple[Call, int]] = []
        self._held = 0
        self._values: list[tuple[Tensor, str, int]] = []  # with criterion and rows
        self._losses: dict[str, float] = {}
        self._weights: dict[str, int] = {}

    def add(self, call: Call) -> None:
        """Take in one batch."""
        self.rows += call.rows
        self.calls += 1
        self._criterion = self._criterion or call.criterion
        if call.criterion == self._criterion and call.targets is not None:
            self._scored.append((call, _version(call)))
        if self._whole:
            self._values.append((call.loss(), call.criterion, call.rows))
            if len(self._values) >= MOST_VALUES:
                self._add_losses()
        self._held += call.outputs.numel()
        if self._held > MOST_HELD:
            self.score()

    def score(self) -> None:
        """Hold back no more."""
        scored, self._scored, self._held = self._scored, [], 0
        # What was changed in place since then is no prediction any more.
        whole = [call for call, version in scored if _version(call) == version]
        for call in _joined(whole):
            if self.scores is None:
                self.scores = scores_for(call.task, whole=self._whole)
            if self.scores is not None:
                self.scores.add(call)

    @property
    def here(self) -> bool:
        """Whether what was scored has come from its device."""
        return self.scores is None or self.scores.here

    def result(self) -> dict[str, float]:
        """The scores, by signal name; waits for them."""
        self.score()
        return self.scores.result() if self.scores is not None else {}

    def _add_losses(self) -> None:
        values, self._values = self._values, []
        losses = fetch([value for value, _, _ in values])
        for loss, (_, name, more) in zip(losses, values, strict=True):
            rows = self._weights.get(name, 0) + more
            before = self._losses.get(name, 0.0)
            self._losses[name] = before + (loss - before) * more / max(rows, 1)
            self._weights[name] = rows

    @property
    def loss(self) -> float | None:
        """The mean over the samples; of several criteria, their sum."""
        self._add_losses()
        return sum(self._losses.values()) if self._losses else None


def _joined(calls: Iterable[Call]) -> Iterator[Call]:
    """Runs of calls that differ in their rows alone, as one call each."""
    for _, run in groupby(calls, key=_form):
        alike = list(run)
        if len(alike) == 1:
            yield alike[0]
            continue
        targets = [c.targets for c in alike if c.targets is not None]
        yield replace(
            alike[0],
            outputs=torch.cat([c.outputs for c in alike]),
            targets=torch.cat(targets),
            rows=sum(c.rows for c in alike),
        )


def _version(call: Call) -> int:
    """How often the outputs were changed in place; 0 where that is not counted."""
    return 0 if call.outputs.is_inference() else call.outputs._version


def _form(call: Call) -> tuple[Any, ...]:
    targets = call.targets
    assert targets is not None
    if not call.outputs.ndim or not targets.ndim:
        return (id(call),)
    outputs = call.outputs
    return (
        call.criterion,
        outputs.shape[1:],
        targets.shape[1:],
        outputs.dtype,
        targets.dtype,
        outputs.device,
        call.options.get("ignore_index"),
    )
