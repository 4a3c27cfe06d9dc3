"""label-noise"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wellfit.core.finding import Evidence, Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import results
from wellfit.rules.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelNoise(Rule):
    """Labels are wrong: rows that look like one class are called another.

    ## What it looks at
    What simple models say of each row that they have not seen (out of fold), and how
    often the label is another: among the third of the rows that they are surest of, and
    among the third after it. Which rows are suspects is confident learning's to say.
    And how many rows are equal in all but the label.

    ## Why it hurts
    A model that has room enough learns the wrong labels by heart; one that has not is
    scored against them.

    ## Example
    >>> labels = {"rows": 1800, "accuracy": 0.92, "trivial": 0.1, "suspects": 85,
    ...           "surest": 0.05, "surest_low": 0.035, "next": 0.05,
    ...           "plateau": 0.05, "plateau_low": 0.039}
    >>> run = Run.of(facts={"data": {"rows": 1800, "labels": labels}})
    >>> print(LabelNoise().check(run).summary)
    about 5 % of the labels are wrong: 85 of 1,800 rows look clearly like another class

    ## How it is told from its look-alikes
    Where classes overlap, honest rows look like another class too; but fewer and fewer,
    the surer a model is. Slips of the hand come everywhere: a rate that stays the same
    where models are surest, and apart from which the classes are told apart nearly
    perfectly. Where they are not, wrong labels cannot be told from honest exceptions,
    and it is a note, or not checked. Of a training it is a note as well, unless that is
    far better on its own rows than on others, for it learns the wrong labels by heart;
    or worse, for only the others have the right ones.

    ## What helps
    `correct-labels`: look through the suspects, the surest first; `drop-noisy-labels`
    where they are too many. Beside that, `smooth-labels` and `stop-early`.

    ## When it is wrong
    Targets that are the outcome of chance, with a rate that is the same everywhere.

    ## References
    Northcutt et al. (2021), Confident learning; Scott (2015), A rate of convergence for
    mixture proportion estimation, for the rate among the surest rows.
    """

    severity: ClassVar = Severity.WARNING
    needs: ClassVar = ("facts:data",)
    remedies: ClassVar = (
        "correct-labels",
        "drop-noisy-labels",
        "smooth-labels",
        "stop-early",
    )

    least: float = 0.01  # of the labels: the test sets of ten famous benchmarks have
    # 3.4 % wrong ones on average (Northcutt et al., 2021, pervasive label errors)
    flat: float = 2.0  # times as often among the next third. Pima, phoneme, adult,
    # wine quality and SST-2 as they are: 2.5 to 12; with 10 % flipped: 0.6 to 2.2
    told: float = 0.85  # of the skill, once a flat rate is granted. Honest tables whose
    # classes are told so well have no plateau at all: iris, wine, digits, penguins
    doubtful: float = 0.05  # of the labels: a plateau worth a note where it is not so
    sure: int = 3  # suspects at least
    least_twice: int = 5  # rows of several labels
    most: float = 0.5  # of the labels: where more differ, nothing tells which are right
    gap: float = 0.1  # of skill, between training and validation, by which a training
    # has learnt wrong labels by heart; one that has not, is none the worse for them
    behind: float = 0.05  # of skill, training behind validation whose labels are right

    def check(self, run: Run) -> Finding | NotChecked | None:
        """A warning where labels are wrong, a note where they may be."""
        data = run.facts["data"]
        found = data.get("labels") or {}
        if found.get("lacking"):
            return NotChecked(
                reason="finding wrong labels needs an extra: pip install "
                f"'wellfit[{found['lacking']}]'"
            )
        if not found:
            return NotChecked(reason=_unknown(data))
        return self._contradicted(found, data) or self._by_rate(run, found)

    def _by_rate(
        self, run: Run, found: Mapping[str, Any]
    ) -> Finding | NotChecked | None:
        """By how often labels differ from what models are sure of."""
        level = found["next"] <= self.flat * max(found["surest"], found["surest_low"])
        clear = _told(found) >= self.told and found["plateau"] <= self.most
        if clear and level and found["plateau_low"] >= self.least:
            return self._found(run, found) if found["suspects"] >= self.sure else None
        if level and found["surest_low"] >= self.doubtful:
            return self._doubt(found)
        if clear or found["surest_low"] < self.least:
            return None
        return NotChecked(
            reason="the classes overlap: where models are surest, "
            f"{100 * found['surest']:.2g} % of the labels differ, and more elsewhere; "
            "wrong ones cannot be told from honest exceptions"
        )

    def _found(self, run: Run, found: Mapping[str, Any]) -> Finding:
        what = run.facts["data"].get("unit", "rows")
        minds = not run.signals or self._minds(results.standing(run))
        return self.finding(
            f"about {100 * found['plateau']:.2g} % of the labels are wrong: "
            f"{found['suspects']:,} of {found['rows']:,} {what} look clearly like "
            "another class",
            severity=self.severity if minds else Severity.NOTE,
            confidence=0.85,
            where=[str(c["name"]) for c in found.get("classes", ())[:5]],
            evidence=_evidence(found),
        )

    def _contradicted(
        self, found: Mapping[str, Any], data: Mapping[str, Any]
    ) -> Finding | None:
        """Rows that come with one label here, and with another there."""
        several, distinct = found.get("conflicting", 0), found.get("distinct", 1)
        if not max(self.least_twice, self.least * distinct) <= several:
            return None
        if several > self.most * distinct:
            return None
        what = data.get("unit", "rows")
        return self.finding(
            f"{several:,} of {distinct:,} {what} come more than once, with different "
            "labels",
            confidence=0.8,
            evidence=[Evidence(text="rows of several labels", value=float(several))],
        )

    def _minds(self, stands: results.Standing) -> bool:
        """Whether a training shows the wrong labels: learnt by heart, or in its way."""
        gap = results.gap(stands)
        if gap is None or stands.train is None or stands.val is None:
            return False
        chance = results.CHANCE * stands.val.error
        behind = stands.val.value - stands.train.value - chance
        return gap >= self.gap or behind >= self.behind

    def _doubt(self, found: Mapping[str, Any]) -> Finding:
        return self.finding(
            f"{100 * found['surest']:.2g} % of the labels differ from what models are "
            "surest of: they are wrong, or the columns do not tell",
            severity=Severity.NOTE,
            confidence=0.4,
            evidence=_evidence(found),
        )


def _told(found: Mapping[str, Any]) -> float:
    """How well the classes are told apart, a flat rate of wrong labels granted.

    As much of it as is certain: of few rows, a weak model errs at any rate anywhere.
    """
    room = max(1e-9, 1 - found["trivial"])
    granted = min(found["surest_low"], found["plateau_low"])
    return float((found["accuracy"] + granted - found["trivial"]) / room)


def _evidence(found: Mapping[str, Any]) -> Iterator[Evidence]:
    yield Evidence(
        text="labels that differ, where models are surest", value=found["surest"]
    )
    yield Evidence(text="labels that differ, in the next third", value=found["next"])
    for kind in found.get("classes", ())[:3]:
        yield Evidence(
            text=f"of class {kind['name']}, suspects; most look like {kind['seems']}",
            value=float(kind["suspects"]),
        )
    for one in found.get("examples", ())[:3]:
        yield Evidence(
            text=f"{one.get('file') or 'row ' + str(one['row'])}: called "
            f"{one['label']}, looks like {one['seems']}",
            value=one["probability"],
        )


def _unknown(data: Mapping[str, Any]) -> str:
    if data.get("unlearnt"):
        return f"labels were not compared with predictions: {data['unlearnt']}"
    if data.get("task") == "regression":
        return "the target is a number: only labels of classes are checked"
    return "labels were not compared with predictions; name the --target"
