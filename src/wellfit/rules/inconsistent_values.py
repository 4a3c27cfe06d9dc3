"""inconsistent-values"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class InconsistentValues(Rule):
    """The same is written in several ways: words, units, dates, sizes.

    ## What it looks at
    By column: values that differ only in case, accents, spaces and dots ("NY", "ny ",
    "N.Y."); several words for yes; numbers with different units, or in two heaps a
    known factor apart; dates in several formats; rare words a letter away from a common
    one. Of images, those whose size or colours differ from nearly all others.

    ## Why it hurts
    To a model each spelling is a thing of its own, with its own few rows. One metre
    among centimetres is an outlier, and a month taken for a day is another date.

    ## Example
    >>> town = {"name": "town", "what": "spelling", "affected": 14, "share": 0.07,
    ...         "groups": 1, "examples": [{"NY": 60, "ny": 9, "N.Y.": 5}]}
    >>> run = Run.of(facts={"data": {"rows": 200, "inconsistent": [town]}})
    >>> print(InconsistentValues().check(run).summary)
    14 of 200 values of town are spelt in another way: NY (60), ny (9), N.Y. (5)

    ## How it is told from its look-alikes
    Single letters in upper and lower case are codes, and digits are never folded: 10-14
    is not 1014. Rare words that look like a slip, and a few odd spellings, are a note.

    ## What helps
    `clean-values`.

    ## When it is wrong
    Codes in which case or a dot means something.

    ## References
    Rahm and Do (2000), Data cleaning: problems and current approaches; the key
    collision of OpenRefine, for spellings.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("clean-values",)

    share: float = 0.005  # of a column's values: below it, little is lost by them
    least: int = 3  # values
    shown: int = 2  # further columns named in the sentence

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where values that mean the same are many, a note where few."""
        data = run.facts["data"]
        if "inconsistent" not in data:
            return NotChecked(reason="the spelling of values was not looked at")
        found = sorted(data["inconsistent"], key=self._order)
        if not found:
            return None
        grave = [c for c in found if self._grave(c)]
        named = grave or found
        return self.finding(
            self._sentence(named, data),
            severity=self.severity if grave else Severity.NOTE,
            confidence=0.85 if grave else 0.5,
            where=list(dict.fromkeys(str(c["name"]) for c in named)),
            evidence=_evidence(found),
        )

    def _order(self, column: Mapping[str, Any]) -> tuple[bool, float]:
        return not self._grave(column), -column["share"]

    def _grave(self, column: Mapping[str, Any]) -> bool:
        many = column["affected"] >= self.least and column["share"] >= self.share
        return bool(many and column["what"] != "slips")

    def _sentence(self, found: list[Any], data: Mapping[str, Any]) -> str:
        worst = found[0]
        rows = round(worst["affected"] / max(worst["share"], 1e-12))
        ways = ", ".join(f"{v} ({n:,})" for v, n in worst["examples"][0].items())
        what = "files" if data.get("unit") == "files" else "values"
        others = [str(c["name"]) for c in found[1:] if c["name"] != worst["name"]]
        more = f"; likewise {', '.join(others[: self.shown])}" if others else ""
        left = len(others) - self.shown
        return (
            f"{worst['affected']:,} of {rows:,} {what} of {worst['name']} "
            f"{SAID[worst['what']]}: {ways}{more}"
            + (f" and {left} more columns" if left > 0 else "")
        )


SAID: Mapping[str, str] = {
    "spelling": "are spelt in another way",
    "slips": "look like slips of a common one",
    "yes and no": "say yes or no in another word",
    "units": "are in another unit",
    "scale": "seem to be in another unit, a known factor apart",
    "dates": "are dates in another format",
    "size": "are of another size",
    "mode": "are of other colours",
}


def _evidence(found: list[Any]) -> Iterator[Evidence]:
    for column in found[:10]:
        ways = "; ".join(", ".join(group) for group in column["examples"][:3])
        yield Evidence(
            text=f"{column['name']}, {column['what']}: {ways}",
            value=float(column["affected"]),
        )
