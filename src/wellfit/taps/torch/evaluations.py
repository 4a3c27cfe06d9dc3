"""Evaluation passes: their scores, and the data they are over."""

from collections.abc import Callable, Mapping

from wellfit.taps.tap import Records
from wellfit.taps.torch.batches import Batches
from wellfit.taps.torch.criteria import Call
from wellfit.taps.torch.inputs import Entered
from wellfit.taps.torch.scores import ClassScores
from wellfit.taps.torch.sources import Part, Sources, fingerprints, part_of
from wellfit.taps.torch.trained import Rows

ON_TRAINING = ("loss", "accuracy", "r2")  # of a pass over the training data


class Evaluations:
    """Gathers calls of the criterion without gradient into passes."""

    def __init__(self, records: Records, sources: Sources, rows: Rows) -> None:
        self.done = 0
        # Told of each pass that ended: its phase, its scores.
        self.heard: list[Callable[[str, Mapping[str, float]], None]] = []
        self._trained = rows
        self._confusion: dict[str, list[list[int]]] = {}
        self._records = records
        self._sources = sources
        self._batches: Batches | None = None
        self.phase: str | None = None  # of the pass, where it is known
        self._loaded = False  # the latest batch of the pass, by a DataLoader
        self._size = 0
        self._from: Part | None = None
        self._rows: set[float] = set()

    @property
    def going_on(self) -> bool:
        """Whether a pass has begun and not ended."""
        return self._batches is not None

    def add(self, call: Call, entered: Entered, step: int) -> None:
        """Take in one batch; another data set begins another pass."""
        by_hand = entered.batch if entered.loaded is None else None
        rows = set() if by_hand is None else set(fingerprints(by_hand))
        if self._batches is not None and self._is_another(entered, rows):
            self.end(step)
        if self._batches is None:
            self._batches, self._rows, self.phase = Batches(whole=True), set(), None
        origin = entered.origin()
        if self.phase is None and entered.loaded is not None:
            # Now, while its data set lives: a loader made for the pass may end with it.
            self.phase = self._sources.phase(origin, set())
        self._from = None if origin is None else part_of(origin)
        self._loaded, self._size = entered.loaded is not None, entered.rows
        self._rows |= rows
        self._trained.back.scored(call.rows, step)
        self._batches.add(call)

    def _is_another(self, entered: Entered, rows: set[float]) -> bool:
        """Whether a batch cannot be of the pass that goes on."""
        before = None if self._from is None else self._from.origin()
        origin = entered.origin()
        if entered.loaded is not None or self._loaded:
            return origin is None or before is None or origin.thing is not before.thing
        sources = self._sources
        if sources.trained_on(origin) != sources.trained_on(before):
            return True
        if before is None or origin is None:
            return False
        if origin.thing is before.thing:  # training and validation may be parts of it
            return sources.differ(rows, self._rows)
        # Batches cut for the occasion are gone by the next; one that is still there is
        # a whole data set, and one of another size is another.
        return entered.rows != self._size

    def end(self, step: int) -> str | None:
        """The pass is over: training goes on, or another data set is evaluated.

        Gives its phase; None where there was none.
        """
        batches, self._batches = self._batches, None
        if batches is None:
            return None
        loss, scores = batches.loss, batches.result()
        origin = None if self._from is None else self._from.origin()
        phase = self.phase or self._sources.phase(origin, self._rows)
        self.phase = None
        self._trained.back.end(phase)
        self.done += 1
        found = ({} if loss is None else {"loss": loss}) | scores
        for name, value in found.items():
            if phase != "train":
                self._records.value(f"{phase}/{name}", step, value)
            elif name in ON_TRAINING:
                self._records.value(f"train/eval_{name}", step, value)
        if isinstance(batches.scores, ClassScores):
            table = batches.scores.confusion()
            if table is not None:
                self._confusion[phase] = table
                self._records.fact("confusion", self._confusion)
        self._records.event("evaluation", step, phase=phase, rows=batches.rows)
        for hear in self.heard:
            hear(phase, found)
        return phase
