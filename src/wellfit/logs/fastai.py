"""`history.csv` of fastai's CSVLogger."""

from collections.abc import Iterable
from typing import ClassVar

from wellfit.logs import delimited
from wellfit.logs.names import meaning
from wellfit.logs.peek import Peek
from wellfit.logs.source import Format, Source
from wellfit.logs.table import from_rows

FIRST = ["epoch", "train_loss", "valid_loss"]


class Fastai(Format):
    """A row an epoch: both losses, then metrics, all of them on validation rows."""

    name: ClassVar = "fastai CSVLogger"

    def claims(self, peek: Peek) -> bool:
        """`epoch,train_loss,valid_loss,…,time`."""
        names = peek.columns[0]
        return names[:3] == FIRST and names[-1] == "time"

    def read(self, peek: Peek) -> Iterable[Source]:
        """All columns but the time, by epoch."""
        metrics = [n for n in peek.columns[0] if n not in {*FIRST, "time"}]
        meant = {n: m for n in metrics if (m := meaning(n, "val")) is not None}
        names = {n: f"val/{m.name.name}" for n, m in meant.items()}
        yield from_rows(self.name, peek, delimited.rows(peek), names=names)
