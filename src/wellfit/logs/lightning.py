"""`metrics.csv` of Lightning's CSVLogger."""

from collections.abc import Iterable
from typing import ClassVar

from wellfit.logs import delimited
from wellfit.logs.peek import Peek
from wellfit.logs.source import Format, Source
from wellfit.logs.table import from_rows


class Lightning(Format):
    """A row a logging, with `epoch`, `step`, and what was logged then."""

    name: ClassVar = "Lightning CSVLogger"

    def claims(self, peek: Peek) -> bool:
        """`metrics.csv`, with both counts."""
        names = peek.columns[0]
        return peek.path.name == "metrics.csv" and {"epoch", "step"} <= {*names}

    def read(self, peek: Peek) -> Iterable[Source]:
        """All columns, by optimizer step."""
        yield from_rows(self.name, peek, delimited.rows(peek))
