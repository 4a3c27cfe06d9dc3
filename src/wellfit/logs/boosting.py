"""Evaluations of LightGBM and XGBoost: as JSON, and as they print them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from wellfit.core.errors import BadLog
from wellfit.logs.curve import Curve, curve
from wellfit.logs.delimited import lines
from wellfit.logs.lists import numbered
from wellfit.logs.names import meaning
from wellfit.logs.peek import Peek
from wellfit.logs.position import Axis
from wellfit.logs.rows import gather
from wellfit.logs.source import Format, Source

METRICS = re.compile(
    r"(?:l1|l2|rmse|rmsle|mae|mape|mphe|quantile|huber|fair|poisson|gamma|tweedie"
    r"|(?:binary_|multi_|m)?(?:logloss|error)|auc(?:_mu|pr)?|average_precision|ndcg|map"
    r"|cross_entropy|xentropy|kullback_leibler|cox-nloglik|aft-nloglik"
    r"|(?:gamma|poisson)-(?:deviance|nloglik)|pre|logloss|rmse)(?:[@_-].*)?",
    re.IGNORECASE,
)
LIGHTGBM = re.compile(r"^\[(\d+)\]\s+.*?'s ", re.MULTILINE)
XGBOOST = re.compile(r"^\[(\d+)\]\s+[\w.]+-[\w@.-]+:", re.MULTILINE)
CATBOOST = re.compile(r"^(\d+):\s+learn: ", re.MULTILINE)
CELL = re.compile(
    r"(?P<set>[\w .-]+?)(?:'s | *-(?=[A-Za-z]))(?P<metric>[\w@.-]+): *"
    r"(?P<value>[-+\w.]+)"
)
CATBOOST_CELL = re.compile(r"\b(learn|test\d*): *([-+\w.]+)")
GREATER = ("auc", "ndcg", "map", "average_precision", "accuracy", "r2")


class Evaluations(Format):
    """`evals_result`, dumped as JSON: a list for each metric of each data set."""

    name: ClassVar = "boosting evaluations"

    def claims(self, peek: Peek) -> bool:
        """Lists by data set and metric, all of them metrics of boosters."""
        found = numbered(peek.json)
        metrics = {name.rpartition("/")[2] for name in found}
        nested = all(name.count("/") == 1 for name in found)
        return bool(found) and nested and all(METRICS.fullmatch(m) for m in metrics)

    def read(self, peek: Peek) -> Iterable[Source]:
        """Each list by round."""
        curves = {name: curve(values) for name, values in numbered(peek.json).items()}
        yield _source(self.name, peek, curves)


class Printed(Format):
    """What LightGBM, XGBoost or CatBoost print: a line each round."""

    name: ClassVar = "boosting output"

    def claims(self, peek: Peek) -> bool:
        """Two lines of one of these forms."""
        forms = (LIGHTGBM, XGBOOST, CATBOOST)
        return any(len(form.findall(peek.text)) >= 2 for form in forms)

    def read(self, peek: Peek) -> Iterable[Source]:
        """Each metric of each data set by round."""
        kept: list[int] = []
        with peek.path.open(encoding=peek.encoding, errors="replace") as file:
            rounds = _rounds(lines(file, peek.path), kept)
            found = gather(rounds, Axis(unit="round", column="round"))
        if not found.curves:
            raise BadLog(f"{peek.path} names rounds, but no metric with a number")
        yield _source(self.name, peek, found.curves, kept)


def _rounds(of: Iterable[str], kept: list[int]) -> Iterator[dict[str, Any]]:
    """A row a round; the best one, said again at the end, is the one that is kept."""
    again = False
    for line in of:
        text = line.strip()
        begins = re.match(r"\[(\d+)\]\s+(.*)|(\d+):\s+(learn: .*)", text)
        if begins is None:
            again = "best iteration" in text.lower()
            continue
        if again:
            kept.append(int(begins[1] or begins[3]))
        else:
            yield dict(_cells(begins))
        again = False


def _cells(line: re.Match[str]) -> Iterator[tuple[str, Any]]:
    yield "round", line[1] or line[3]
    if line[4]:
        for where, value in CATBOOST_CELL.findall(line[4]):
            yield ("train/loss" if where == "learn" else "val/loss"), value
        return
    for cell in re.split(r"\t+| {2,}", line[2]):
        found = CELL.match(cell.strip())
        if found is not None:
            metric = found["metric"].partition("+")[0]  # test-rmse-mean:0.5+0.1
            yield f"{found['set']}/{metric}", found["value"].partition("+")[0]


def _source(
    name: str, peek: Peek, curves: Mapping[str, Curve], kept: Sequence[int] = ()
) -> Source:
    facts: dict[str, Any] = {"model": {"gradients": False}}
    if kept:
        facts["training"] = {"kept": kept[-1]}
    phases, notes = phases_of(curves)
    names = {}
    for theirs in curves:
        where, _, metric = theirs.rpartition("/")
        said = meaning(metric)
        if where in phases and said is not None:
            names[theirs] = f"{phases[where]}/{said.name.name}"
    return Source(
        format=name,
        files=(peek.path,),
        home=peek.path.parent,
        curves=curves,
        unit="round",
        names=_distinct(names),
        notes=notes,
        facts=facts,
    )


def phases_of(curves: Mapping[str, Curve]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Which data set served what; XGBoost numbers them where nobody named them.

    Of `validation_0` and `validation_1` the one with the better numbers at the end is
    taken for the training rows, if it is the first.
    """
    sets = list(dict.fromkeys(name.rpartition("/")[0] for name in curves))
    found: dict[str, str] = {}
    for where in sets:
        said = meaning(f"{where}/loss")
        found[where] = said.name.phase if said is not None else "val"
    if "train" in found.values() or len(sets) < 2:
        return found, ()
    first, second, *rest = sets
    if not _is_better(first, second, curves):
        return found, ()
    found |= {first: "train", second: "val"} | dict.fromkeys(rest, "test")
    note = (
        f"{first} does better than {second} to the end: taken for the training rows, "
        f"and {second} for validation"
    )
    return found, (note,)


def _is_better(first: str, second: str, curves: Mapping[str, Curve]) -> bool:
    for theirs, one in curves.items():
        where, _, metric = theirs.rpartition("/")
        other = curves.get(f"{second}/{metric}")
        if where == first and other is not None and len(one) and len(other):
            greater = metric.lower().startswith(GREATER)
            ends = one.values[-1], other.values[-1]
            return bool(ends[0] > ends[1] if greater else ends[0] < ends[1])
    return False


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Of several sets in one phase, the first has the name; others are guessed."""
    kept: dict[str, str] = {}
    for theirs, ours in names.items():
        if ours not in kept.values():
            kept[theirs] = ours
    return kept
