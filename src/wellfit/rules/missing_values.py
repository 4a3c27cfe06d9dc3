"""missing-values"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingValues(Rule):
    """Inputs have gaps: missing, infinite, or text where numbers should be.

    ## What it looks at
    The share of NaN and infinite values among the inputs that reach a model; and, by
    column, of missing and infinite values and of text among numbers.

    ## Why it hurts
    One NaN makes a network's whole batch NaN, and then every weight. In a table, text
    among numbers mostly hides a sign for missing, such as "?".

    ## Example
    >>> columns = [{"name": "age", "missing": 0.2}, {"name": "fare", "missing": 0.0}]
    >>> run = Run.of(facts={"data": {"rows": 800, "columns": columns}})
    >>> print(MissingValues().check(run).summary)
    1 of 2 columns has missing values: age (20 %)

    ## How it is told from its look-alikes
    Gaps that a model or a preparation deals with are a note. It is a warning where they
    reach a network's inputs, and where numbers are infinite or mixed with text.

    ## What helps
    `impute-missing` (median, model-based), with a column that tells where; `clean-values`
    for text among numbers.

    ## When it is wrong
    A missing value that means something, "no garage" say, is a category of its own.

    ## References
    Rubin (1976), Inference and missing data; Le Morvan et al. (2021), What's a good
    imputation to predict with missing values?
    """

    severity: ClassVar = Severity.WARNING
    remedies: ClassVar = ("impute-missing", "clean-values")

    shown: int = 3  # columns named in the sentence
    worth: float = 0.001  # of a column: the share from which a gap is worth a note

    def check(self, run: Run) -> Finding | NotChecked | None:
        inputs, data = run.facts.get("inputs", {}), run.facts.get("data", {})
        if not inputs and not data.get("columns"):
            return NotChecked(reason="nothing is known of the inputs and of the data")
        columns = [c for c in data.get("columns", ()) if c.get("kind") != "constant"]
        return (
            self._in_inputs(run, inputs, columns)
            or self._spoilt(columns)
            or self._gaps(columns)
        )

    def _in_inputs(
        self, run: Run, inputs: Mapping[str, Any], columns: list[Any]
    ) -> Finding | None:
        """NaN or infinite numbers that a network was fed with."""
        share = float(inputs.get("nonfinite") or 0.0)
        if share == 0:
            return None
        loss = run.get("train/loss")
        spoils = loss is not None and len(loss.finite()) < len(loss)
        gaps = [c for c in columns if c.get("missing") or c.get("infinite")]
        return self.finding(
            f"{100 * share:.2g} % of the input values are NaN or infinite",
            severity=Severity.CRITICAL if spoils else self.severity,
            confidence=0.98 if spoils else 0.7,
            where=[str(c["name"]) for c in gaps],
            since=0,
            evidence=_evidence(gaps, "missing"),
        )

    def _spoilt(self, columns: list[Any]) -> Finding | None:
        """Infinite numbers, and text among numbers."""
        for key, what in (("infinite", "infinite numbers"), ("mixed", "text among")):
            found = [c for c in columns if (c.get(key) or 0.0) > 0]
            if found:
                return self._found(found, columns, key, what, self.severity)
        return None

    def _gaps(self, columns: list[Any]) -> Finding | None:
        found = [c for c in columns if (c.get("missing") or 0.0) >= self.worth]
        if not found:
            return None
        return self._found(found, columns, "missing", "missing values", Severity.NOTE)

    def _found(
        self, found: list[Any], columns: list[Any], key: str, what: str, how: Severity
    ) -> Finding:
        found = sorted(found, key=lambda c: -c[key])
        named = ", ".join(
            f"{c['name']} ({100 * c[key]:.2g} %)" for c in found[: self.shown]
        )
        more = f" and {len(found) - self.shown} more" if len(found) > self.shown else ""
        have = "has" if len(found) == 1 else "have"
        what = f"{what} numbers" if key == "mixed" else what
        return self.finding(
            f"{len(found)} of {len(columns)} columns {have} {what}: {named}{more}",
            severity=how,
            confidence=0.9,
            where=[str(c["name"]) for c in found],
            evidence=_evidence(found, key),
        )


def _evidence(columns: list[Any], key: str) -> Iterator[Evidence]:
    for column in columns[:10]:
        share = float(column.get(key) or 0.0)
        yield Evidence(text=f"{key} in {column['name']}", value=share)
