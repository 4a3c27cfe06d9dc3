"""too-little-data"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import results
from wellfit.rules.overfitting import Overfitting
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class TooLittleData(Rule):
    """More data would help: the score still rises with the number of rows.

    ## What it looks at
    What simple models reach, out of fold, when they learn from a quarter, a half and
    all of the rows, on the scale of skill: 0 is guessing, 1 is perfect.

    ## Why it hurts
    What is left of the error is for want of rows; no other model, and no tuning of it,
    does as much as more of them would.

    ## Example
    >>> curve = {"metric": "accuracy", "rows": [40, 80, 160], "of": 200,
    ...          "scores": [0.61, 0.68, 0.77], "skill": 0.54, "gain": 0.18,
    ...          "gain_error": 0.04, "gain_before": 0.14}
    >>> run = Run.of(facts={"data": {"rows": 200, "curve": curve}})
    >>> print(TooLittleData().check(run).summary)
    what simple models reach rises with the rows, accuracy from 0.68 with 80 to 0.77
    with 160, and has not levelled off

    ## How it is told from its look-alikes
    Every curve rises a little. It must have risen by far more than folds differ in the
    last doubling, and as much as to matter. What a simple model masters needs no more
    rows. A table of which only a sample was learnt from has the rows already. Of a
    training it is a note, unless that overfits as well.

    ## What helps
    More rows, first of all. Until then `augment-inputs`, `penalize-weights`, and
    `bag-models`.

    ## When it is wrong
    Models that learn otherwise than a forest and a linear model do, pretrained ones
    above all.

    ## References
    Hestness et al. (2017), Deep learning scaling is predictable, empirically; Viering
    and Loog (2023), The shape of learning curves; Nadeau and Bengio (2003), for the
    error of a difference between folds.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = ("augment-inputs", "penalize-weights", "bag-models")

    gain: float = 0.05  # of skill by the last doubling: curves are power laws, so that
    # the next one brings a half of it or more (exponents up to 1)
    slight: float = 0.03  # worth a note
    sigmas: float = 2.0  # of the folds' differences, whose error is the careful one
    mastered: float = 0.9  # of skill: enough
    handful: int = 60  # rows: of fewer no curve is drawn
    gap: float = 0.15  # of skill, between training and validation: as for overfitting

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where the last doubling of the rows brought much."""
        data = run.facts["data"]
        found = data.get("curve")
        if not found and (few := self._few(run)) is not None:
            return few
        if not found:
            why = data.get("unlearnt") or "nothing was learnt from parts of the rows"
            need = "targets" if run.signals else "a --target"
            return NotChecked(reason=f"{why}; it needs {need}, and 60 rows")
        if found["skill"] >= self.mastered or found["gain"] < self.slight:
            return None
        certain = found["gain"] >= self.sigmas * found["gain_error"]
        learnt = found["rows"][-1]
        if certain and found["of"] > 2 * learnt:
            return NotChecked(
                reason=f"the score still rises at {learnt:,} rows, the sample that was "
                f"learnt from; the table has {found['of']:,}"
            )
        if not certain:
            return None
        suffers = not run.signals or _overfits(run)
        much = found["gain"] >= self.gain and suffers
        return self.finding(
            _sentence(found),
            severity=self.severity if much else Severity.NOTE,
            confidence=0.75 if much else 0.5,
            evidence=_evidence(found),
        )

    def _few(self, run: Run) -> Finding | None:
        """So few rows that a part of them is nothing, and a training that suffers."""
        rows, stands = run.facts["data"].get("rows", 0), results.standing(run)
        if not 0 < rows < self.handful or not run.signals or stands.val is None:
            return None
        gap = results.gap(stands)
        if gap is None or gap < self.gap or stands.val.value >= self.mastered:
            return None
        return self.finding(
            f"there are {rows} rows to learn from: {stands.val.metric} is "
            f"{stands.val.score:.2g} on others",
            confidence=0.6,
            evidence=[stands.val.evidence(f"{stands.val.metric} on validation rows")],
        )


def _overfits(run: Run) -> bool:
    said = Overfitting().judge(run)
    return isinstance(said, Finding) and said.severity is not Severity.NOTE


def _sentence(found: Mapping[str, Any]) -> str:
    half, whole = found["rows"][-2:]
    before, after = found["scores"][-2:]
    name = "R²" if found["metric"] == "r2" else found["metric"]
    return (
        f"what simple models reach rises with the rows, {name} from {before:.2g} with "
        f"{half:,} to {after:.2g} with {whole:,}, and has not levelled off"
    )


def _evidence(found: Mapping[str, Any]) -> Iterator[Evidence]:
    for rows, score in zip(found["rows"], found["scores"], strict=True):
        yield Evidence(text=f"{found['metric']} with {rows:,} rows", value=score)
    yield Evidence(text="skill won by the last doubling", value=found["gain"])
