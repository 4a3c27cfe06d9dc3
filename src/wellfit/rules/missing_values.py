"""missing-values"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.rule import Rule

CODES = (-99, -999, -9999, -99999, 9999, 99999, 999999)  # 99 and 999 may be counts


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingValues(Rule):
    """Inputs have gaps: missing or infinite, coded as numbers, or text among numbers.

    ## What it looks at
    The share of NaN and infinite values among the inputs that reach a model; and, by
    column, of missing and infinite values and of text among numbers, and whether it
    ends far out at a number that stands for missing, such as -999. Of data that nothing
    was trained on, also which gaps come together, and whether they tell of the target.
    Of texts and images, files that are empty or cannot be read.

    ## Why it hurts
    One NaN makes a network's whole batch NaN, and then every weight. A code is taken
    for a measurement, and outweighs all true ones. Text among numbers mostly hides a
    sign for missing, such as "?".

    ## Example
    >>> columns = [{"name": "age", "missing": 0.2}, {"name": "fare", "missing": 0.0}]
    >>> run = Run.of(facts={"data": {"rows": 800, "columns": columns}})
    >>> print(MissingValues().check(run).summary)
    1 of 2 columns has missing values: age (20 %)

    ## How it is told from its look-alikes
    Gaps that a model or a preparation deals with are a note. It is a warning where they
    reach a network's inputs, and where numbers are infinite, coded or mixed with text;
    and in data that nothing was trained on, where most rows have some.
    A column that is NaN in every row has no gaps: it was computed so, and that is
    `non-finite-values`.

    ## What helps
    `impute-missing` (median, model-based), with a column that tells where;
    `clean-values` for codes, and for text among numbers.

    ## When it is wrong
    A missing value that means something, "no garage" say, is a category of its own.

    ## References
    Rubin (1976), Inference and missing data; Bhatia and Davis (2000), A better bound
    on the variance, for columns that are two heaps; Le Morvan et al. (2021), What's a
    good imputation to predict with missing values?
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = ("impute-missing", "clean-values")

    shown: int = 3  # columns named in the sentence
    worth: float = 0.001  # of a column: the share from which a gap is worth a note
    apart: float = 2.0  # times as far from zero as the other end of the column, or
    sigmas: float = 3.0  # from its mean: where a code stands alone
    below: float = 2.4  # standard deviations below the mean, for codes that were
    # scaled: 15 % of the rows or fewer
    two_points: float = 1.2  # of Bhatia and Davis' ratio, which is 1 for a column of
    # two values only. 3 of 711 columns of real tables, one of them with a code
    distinct: int = 20  # values: fewer may be grades
    complete: float = 0.5  # of the rows of data that nothing was trained on: whoever
    # leaves out rows with gaps loses the rest

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A finding on the worst of gaps in inputs, codes or text, and other gaps."""
        inputs, data = run.facts.get("inputs", {}), run.facts.get("data", {})
        if not inputs and not data.get("columns") and not data.get("files"):
            return NotChecked(
                reason="nothing is known of the inputs and of the data: pass inputs as "
                "the model's first argument, or check the table itself"
            )
        columns = list(data.get("columns", ()))
        return (
            self._in_inputs(run, inputs, columns)
            or self._unreadable(data.get("files") or {})
            or self._spoilt(columns)
            or self._gaps(columns, {} if run.signals else data.get("gaps") or {})
        )

    def _in_inputs(
        self, run: Run, inputs: Mapping[str, Any], columns: list[Any]
    ) -> Finding | None:
        """NaN or infinite numbers that a network was fed with."""
        share = float(inputs.get("nonfinite") or 0.0)
        gaps = [c for c in columns if _lost(c) > 0]
        if share == 0 or (gaps and min(_lost(c) for c in gaps) >= 1):
            return None
        loss = run.get("train/loss")
        spoils = loss is not None and len(loss.finite()) < len(loss)
        return self.finding(
            f"{100 * share:.2g} % of the input values are NaN or infinite",
            severity=Severity.CRITICAL if spoils else self.severity,
            confidence=0.98 if spoils else 0.7,
            where=[str(c["name"]) for c in gaps],
            since=0,
            evidence=[
                Evidence(text="share of the input values", value=share),
                *_evidence(gaps, "missing"),
            ],
        )

    def _spoilt(self, columns: list[Any]) -> Finding | None:
        """Infinite numbers, codes for missing, and text among numbers."""
        for key, what in (
            ("infinite", "infinite numbers"),
            ("mixed", "text among numbers"),
        ):
            found = [c for c in columns if 0 < (c.get(key) or 0.0) < 1]
            if found:
                return self._found(found, columns, key, what, self.severity)
        coded = [(c, code) for c in columns if (code := self._code(c)) is not None]
        return self._coded(coded, columns) if coded else None

    def _coded(self, coded: list[Any], columns: list[Any]) -> Finding:
        named = ", ".join(
            f"{c['name']} ({code:.4g})" for c, code in coded[: self.shown]
        )
        known = any(code in CODES for _, code in coded)
        sure = known or min(_shape(c) for c, _ in coded) <= self.two_points
        return self.finding(
            f"{len(coded)} of {len(columns)} columns end at a number that may stand "
            f"for missing, far from all others: {named}",
            severity=self.severity if sure else Severity.NOTE,
            confidence=0.85 if known else 0.6 if sure else 0.4,
            where=[str(c["name"]) for c, _ in coded],
            since=0,
            evidence=[
                Evidence(text=f"{c['name']} ends at, far from the rest", value=code)
                for c, code in coded
            ],
        )

    def _code(self, column: Mapping[str, Any]) -> float | None:
        """The end of a column that is a code, and stands far from the rest."""
        counts = column.get("kind") == "identifier"  # up to 999,999, maybe
        if counts or column.get("min") is None or not column.get("std"):
            return None
        low, high = float(column["min"]), float(column["max"])
        mean, away = float(column["mean"]), self.sigmas * float(column["std"])
        for code, other in ((low, high), (high, low)):
            far = abs(code) >= self.apart * abs(other) or abs(code - mean) >= away
            if code in CODES and far:
                return code
        # A code that was standardised with the rest: two heaps, the lower one far out.
        alone = mean - low >= self.below * float(column["std"])
        varied = int(column.get("distinct") or 0) >= self.distinct
        return low if alone and varied and _shape(column) <= 2 else None

    def _gaps(self, columns: list[Any], pattern: Mapping[str, Any]) -> Finding | None:
        found = [c for c in columns if self.worth <= (c.get("missing") or 0.0) < 1]
        if not found:
            return None
        many = pattern.get("complete", 1.0) < self.complete
        how = self.severity if many else Severity.NOTE
        said = self._found(found, columns, "missing", "missing values", how)
        return replace(said, evidence=(*said.evidence, *_pattern(pattern)))

    def _unreadable(self, files: Mapping[str, Any]) -> Finding | None:
        """Files of a set that hold nothing, or nothing that can be read."""
        empty, broken = files.get("empty", ()), files.get("broken", ())
        if not empty and not broken:
            return None
        said = [f"{len(empty):,} are empty"] if empty else []
        said += [f"{len(broken):,} cannot be read"] if broken else []
        lost = [*empty, *broken]
        return self.finding(
            f"of {files['count']:,} files {' and '.join(said)}: "
            + ", ".join(map(str, lost[: self.shown]))
            + (f" and {len(lost) - self.shown} more" if len(lost) > self.shown else ""),
            confidence=0.98,
            where=[str(name) for name in lost[:50]],
            evidence=[Evidence(text="files that hold nothing", value=float(len(lost)))],
        )

    def _found(
        self, found: list[Any], columns: list[Any], key: str, what: str, how: Severity
    ) -> Finding:
        found = sorted(found, key=lambda c: -c[key])
        named = ", ".join(
            f"{c['name']} ({100 * c[key]:.2g} %)" for c in found[: self.shown]
        )
        more = f" and {len(found) - self.shown} more" if len(found) > self.shown else ""
        have = "has" if len(found) == 1 else "have"
        return self.finding(
            f"{len(found)} of {len(columns)} columns {have} {what}: {named}{more}",
            severity=how,
            confidence=0.9,
            where=[str(c["name"]) for c in found],
            evidence=_evidence(found, key),
        )


def _shape(column: Mapping[str, Any]) -> float:
    """(max − mean)(mean − min) / variance: 1 for two values, 3 for even ones."""
    above = float(column["max"]) - float(column["mean"])
    below = float(column["mean"]) - float(column["min"])
    return above * below / float(column["std"]) ** 2


def _lost(column: Mapping[str, Any]) -> float:
    return float(column.get("missing") or 0.0) + float(column.get("infinite") or 0.0)


def _evidence(columns: list[Any], key: str) -> Iterator[Evidence]:
    for column in columns[:10]:
        share = float(column.get(key) or 0.0)
        yield Evidence(text=f"{key} in {column['name']}", value=share)


def _pattern(pattern: Mapping[str, Any]) -> Iterator[Evidence]:
    """How gaps hang together, and whether they tell of the target."""
    if "complete" in pattern:
        yield Evidence(text="share of rows without a gap", value=pattern["complete"])
    for one in pattern.get("patterns", ())[:2]:
        if len(one["columns"]) > 1:
            names = ", ".join(one["columns"][:4])
            yield Evidence(text=f"rows that miss together {names}", value=one["rows"])
    for one in pattern.get("telling", ())[:2]:
        yield Evidence(
            text=f"where {one['name']} is missing, the target is another (in its "
            "standard deviations)",
            value=one["effect"],
        )
