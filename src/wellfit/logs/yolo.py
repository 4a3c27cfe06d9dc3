"""`results.csv` of Ultralytics' YOLO, and of YOLOv5."""

import re
from collections.abc import Iterable
from typing import ClassVar

from wellfit.logs import delimited
from wellfit.logs.peek import Peek
from wellfit.logs.source import Format, Source
from wellfit.logs.table import from_rows

METRIC = re.compile(r"metrics/(?P<name>[^()]+?)(?:\((?P<part>\w)\))?")


class Yolo(Format):
    """A row an epoch: the parts of the loss on both sides, and scores on validation."""

    name: ClassVar = "YOLO results"

    def claims(self, peek: Peek) -> bool:
        """`train/…_loss`, `val/…_loss` and `metrics/…` by epoch."""
        names = peek.columns[0]
        fronts = {n.partition("/")[0] for n in names if "/" in n}
        return {"train", "val", "metrics"} <= fronts and "epoch" in names[:1]

    def read(self, peek: Peek) -> Iterable[Source]:
        """All columns, by epoch; the loss is the sum of its parts, as YOLO has it."""
        names = {n: ours for n in peek.columns[0] if (ours := _ours(n))}
        yield from_rows(self.name, peek, delimited.rows(peek), names=names)


def _ours(theirs: str) -> str | None:
    """`metrics/mAP50(B)` is of validation rows; B: boxes, M: masks, P: poses."""
    found = METRIC.fullmatch(theirs)
    if found is None:
        return None
    part = "" if found["part"] in (None, "B") else f"_{found['part'].lower()}"
    name = re.sub(r"[^\w]+", "_", found["name"].lower())
    return f"val/{name}{part}"
