"""uninformative-features"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import results
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class UninformativeFeatures(Rule):
    """Columns tell nothing: constants, copies of others, names of rows, noise.

    ## What it looks at
    Columns with one value, or nearly; columns that say what an earlier one says, in the
    same or in other words (2 for "two", inches for centimetres); columns that are
    different in every row. Of a training also how many columns have nothing to do with
    the target, one by one, and whether simple models and the training do better than
    guessing on rows that they have not seen.

    ## Why it hurts
    Names of rows are learnt by heart. Of two equal columns each gets half of the
    weight, so that importances mislead. The rest costs time, and hides what counts:
    noise that is learnt by heart counts as knowledge on the training rows alone.

    ## Example
    >>> dull = {"columns": 8, "constant": ["unit"], "copies": {"cm": "inch"},
    ...         "identifiers": ["id"]}
    >>> run = Run.of(facts={"data": {"rows": 900, "uninformative": dull}})
    >>> print(UninformativeFeatures().check(run).summary)
    3 of 8 columns tell nothing of their own: unit is constant, cm says what inch says,
    id names the rows

    ## How it is told from its look-alikes
    Some such columns are in most tables, and in pictures the corners are dark: they are
    a note. It is a warning where they are a quarter of the columns, or more. Noise is
    one only where a training suffers from it: where it is far better on its own rows
    than on others.

    ## What helps
    `select-features`; `drop-leaking-features` where a name tells of the target.

    ## When it is wrong
    Columns that are constant in these rows only, and will not be.

    ## References
    Guyon and Elisseeff (2003), An introduction to variable and feature selection;
    Storey (2002), A direct approach to false discovery rates, for the share of columns
    that tell nothing; Zhang et al. (2017), Understanding deep learning requires
    rethinking generalization, for random targets that are learnt by heart.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("select-features", "drop-leaking-features")

    share: float = 0.25  # of the columns. Of 19 public tables the most have a tenth:
    # oil-spill, yeast, digits
    least: int = 2  # columns
    shown: int = 4  # columns named in the sentence
    silent: float = 0.7  # of the columns have nothing to do with the target
    gap: float = 0.15  # of skill, between training and validation: as for overfitting
    slight: float = 0.05  # of skill, where nothing but guessing is seen elsewhere
    rows: int = 300  # fewer are too few to say that nothing can be learnt from them

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where a quarter of the columns tell nothing, else a note."""
        found = run.facts["data"].get("uninformative") or {}
        if run.signals and (noise := self._noise(run, found)) is not None:
            return noise
        if not found:
            return NotChecked(reason="the columns were not compared with each other")
        dull = _dull(found)
        if not dull:
            return None
        many = len(dull) >= max(self.least, self.share * found["columns"])
        if run.signals and not many:  # a training minds as little as it can
            return None
        named = list(dull.items())
        left = len(named) - self.shown
        said = ", ".join(f"{name} {why}" for name, why in named[: self.shown])
        tell = "tells nothing of its" if len(dull) == 1 else "tell nothing of their"
        return self.finding(
            f"{len(dull)} of {found['columns']} columns {tell} own: {said}"
            + (f" and {left} more" if left > 0 else ""),
            severity=self.severity if many else Severity.NOTE,
            confidence=0.9,
            where=list(dull),
            evidence=_evidence(found),
        )

    def _noise(self, run: Run, found: Mapping[str, Any]) -> Finding | None:
        """What is learnt by heart because it tells nothing, if much is."""
        stands = results.standing(run)
        gap = results.gap(stands)
        if gap is None or stands.train is None or stands.val is None:
            return None
        evidence = [
            stands.train.evidence(f"{stands.train.metric} on training rows"),
            stands.val.evidence(f"{stands.val.metric} on validation rows"),
        ]
        rows = run.facts.get("reference", {}).get("rows", 0)
        hopeless = stands.guesses_held and stands.learnable is False
        if hopeless and rows >= self.rows and gap >= self.slight:
            return self.finding(
                "the inputs tell nothing of the target: simple models guess, and the "
                f"training, whose {stands.train.metric} is {stands.train.score:.3g} on "
                f"its own rows and {stands.val.score:.3g} on others, learns by heart; "
                "see whether the targets belong to these rows",
                confidence=0.8 if gap >= self.gap else 0.6,
                evidence=evidence,
            )
        if gap < self.gap:
            return None
        share = found.get("silent")
        if share is None or share < self.silent or stands.learnable is False:
            return None
        return self.finding(
            f"about {100 * share:.0f} % of the {found['columns']} columns have nothing "
            f"to do with the target, and the training, whose {stands.train.metric} is "
            f"{stands.train.score:.3g} on its own rows and {stands.val.score:.3g} on "
            "others, learns them by heart",
            confidence=0.7,
            evidence=[
                Evidence(text="columns that tell nothing", value=share),
                *evidence,
            ],
        )


def _dull(found: Mapping[str, Any]) -> dict[str, str]:
    """Column → why it tells nothing, each once."""
    said = {str(n): "is constant" for n in found.get("constant", ())}
    said |= {n: f"says what {of} says" for n, of in found.get("copies", {}).items()}
    for name in found.get("identifiers", ()):
        said.setdefault(str(name), "names the rows")
    for name, share in found.get("nearly_constant", {}).items():
        said.setdefault(name, f"is the same in {_percent(share)} % of the rows")
    return said


def _percent(share: float) -> str:
    return f"{100 * min(share, 0.99999):.5g}"


def _evidence(found: Mapping[str, Any]) -> Iterator[Evidence]:
    for key, what in (
        ("constant", "constant columns"),
        ("copies", "columns that repeat another"),
        ("identifiers", "columns that name the rows"),
        ("nearly_constant", "columns that are nearly constant"),
    ):
        if found.get(key):
            names = ", ".join(map(str, list(found[key])[:10]))
            yield Evidence(text=f"{what}: {names}", value=float(len(found[key])))
