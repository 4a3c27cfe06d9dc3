"""Keras's CSVLogger."""

from collections.abc import Iterable
from typing import ClassVar

from wellfit.logs import delimited
from wellfit.logs.peek import Peek
from wellfit.logs.source import Format, Source
from wellfit.logs.table import from_rows


class Keras(Format):
    """A row an epoch: `epoch`, then the logs by name, `val_` before those held back."""

    name: ClassVar = "Keras CSVLogger"

    def claims(self, peek: Peek) -> bool:
        """The epoch first, a `loss`, and nothing that counts steps."""
        names = peek.columns[0]
        return names[:1] == ["epoch"] and "loss" in names and "step" not in names

    def read(self, peek: Peek) -> Iterable[Source]:
        """All columns, by epoch."""
        yield from_rows(self.name, peek, delimited.rows(peek))
