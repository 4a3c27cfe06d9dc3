"""Evaluation passes: their scores, and the data they are over."""

from typing import TYPE_CHECKING

from wellfit.taps.torch.batches import Batches
from wellfit.taps.torch.criteria import Call
from wellfit.taps.torch.inputs import Inputs
from wellfit.taps.torch.sources import Sources, fingerprints, origin_of

if TYPE_CHECKING:
    from wellfit.taps.torch.records import Records

COMPARED = 6  # passes whose rows are compared with those trained on
ON_TRAINING = ("loss", "accuracy", "r2")  # of a pass over the training data


class Evaluations:
    """Gathers calls of the criterion without gradient into passes."""

    def __init__(self, records: "Records", sources: Sources, inputs: Inputs) -> None:
        self.done = 0
        self._records = records
        self._sources = sources
        self._inputs = inputs
        self._batches: Batches | None = None
        self._origin: object | None = None
        self._rows: set[float] = set()

    def add(self, call: Call, step: int) -> None:
        """Take in one batch; another data set begins another pass."""
        batch, loaded = self._inputs.batch, self._inputs.origin
        origin = loaded
        if origin is None and batch is not None:
            origin = origin_of(batch)
        if self._batches is not None and self._is_another(origin, loaded is not None):
            self.end(step)
        if self._batches is None:
            self._batches, self._origin, self._rows = Batches(), origin, set()
        if loaded is None and batch is not None and self.done < COMPARED:
            self._rows.update(fingerprints(batch))
        self._batches.add(call)

    def _is_another(self, origin: object | None, loaded: bool) -> bool:
        """Whether a batch cannot be of the pass that goes on."""
        if loaded:
            return origin is not self._origin
        of_training = self._sources.trained_on
        return of_training(origin) != of_training(self._origin)

    def end(self, step: int) -> bool:
        """The pass is over: training goes on, or another data set is evaluated.

        Says whether there was one.
        """
        batches, self._batches = self._batches, None
        if batches is None:
            return False
        loss, scores = batches.loss, batches.result()
        phase, trained = self._sources.phase(self._origin, self._rows)
        self._origin, self._rows = None, set()
        self.done += 1
        found = ({} if loss is None else {"loss": loss}) | scores
        for name, value in found.items():
            if not trained:
                self._records.value(f"{phase}/{name}", step, value)
            elif name in ON_TRAINING:
                self._records.value(f"train/eval_{name}", step, value)
        self._records.event("evaluation", step, phase=phase, rows=batches.rows)
        return True
