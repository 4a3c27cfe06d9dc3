"""Batches of predictions and targets: their loss and their scores together."""

from wellfit.taps.torch.criteria import Call
from wellfit.taps.torch.numbers import fetch
from wellfit.taps.torch.scores import Scores, scores_for

MOST_HELD = 1 << 20  # outputs held back for one calculation: 4 MiB of float32


class Batches:
    """Calls of criteria, held for a moment so that many are worked off at once."""

    def __init__(self) -> None:
        self.rows = 0
        self._calls: list[tuple[Call, int]] = []
        self._held = 0
        self._losses: dict[str, float] = {}
        self._weights: dict[str, int] = {}
        self.scores: Scores | None = None

    def add(self, call: Call) -> None:
        """Take in one batch."""
        self.rows += call.rows
        self._calls.append((call, call.outputs._version))
        self._held += call.outputs.numel()
        if self._held > MOST_HELD:
            self.work_off()

    def work_off(self) -> None:
        """Add up what is held."""
        calls, self._calls, self._held = self._calls, [], 0
        losses = fetch([call.loss() for call, _ in calls])
        for (call, version), loss in zip(calls, losses, strict=True):
            name = call.criterion
            rows = self._weights.get(name, 0) + call.rows
            before = self._losses.get(name, 0.0)
            self._losses[name] = before + (loss - before) * call.rows / max(rows, 1)
            self._weights[name] = rows
            # Of several criteria the first is scored; never what has changed since.
            if name == next(iter(self._losses)) and call.outputs._version == version:
                self._score(call)

    def _score(self, call: Call) -> None:
        if self.scores is None:
            self.scores = scores_for(call.task)
        if self.scores is not None and call.targets is not None:
            self.scores.add(call)

    def result(self) -> dict[str, float]:
        """The scores, by signal name."""
        self.work_off()
        return self.scores.result() if self.scores is not None else {}

    @property
    def loss(self) -> float | None:
        """The mean over the samples; of several criteria, their sum."""
        self.work_off()
        return sum(self._losses.values()) if self._losses else None
