"""What verdicts teach for the next treatment: how often a remedy helped, by finding.

A remedy counts once of a treatment and a change: as the proof says, where it was proven
alone, else as the search does, where a gain must be more than luck makes. What was
tried beside other changes is kept, and not counted: what they did cannot be told apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from statistics import median
from typing import Any, get_args, get_type_hints

from wellfit.core.plan import Change
from wellfit.core.run import Run
from wellfit.core.treatment import Treatment
from wellfit.core.verdict import Outcome, Verdict
from wellfit.remedies.plans import acts

SEARCH, PROOF = "search", "proof"
OWN, BENCH = "own", "bench"

# Of the search, where most is tried on one seed: there half of all that does nothing is
# better, by the few per cent that another order of the rows would make too. Our choice.
LEAST = 0.05  # relative gain, that counts as help

STRENGTH = 4.0  # trials, that the order of a rule's list is worth: our choice
# What the bench has learnt is worth so many trials of one's own at most: trainings
# there are small, and of a kind (a power prior; Ibrahim and Chen, 2000).
MOST_OF_BENCH = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A verdict as it is kept; nothing of a user's code, data, names or paths is in it.

    `rule` is the finding's, empty of what was tried whatever was found; `beside` are
    the remedies that the plan has besides. `helped` is None where it was not decided.
    `gain` is the median of `relative` over the pairs, None without any.
    """

    rule: str
    remedy: str
    params: Mapping[str, Any]
    beside: tuple[str, ...]
    framework: str
    task: str
    stage: str
    outcome: str
    helped: bool | None
    gain: float | None
    pairs: int
    steps: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Experience:
    """How a remedy fared against what a rule finds; `source` is `own` or `bench`.

    It `helped` in so many of all that were `tried`; `gain` is the median of all,
    between -1 and 1: see `relative`.

    >>> print(Experience(rule="divergence", remedy="warm-up", tried=9, helped=7,
    ...                  gain=0.214))
    helped in 7 of 9 trials, median +0.21
    """

    rule: str
    remedy: str
    tried: int
    helped: int
    gain: float
    source: str = OWN

    def __str__(self) -> str:
        trials = "trial" if self.tried == 1 else "trials"
        gain = f"{self.gain:+.2f}".replace("-", "−")
        return f"helped in {self.helped} of {self.tried} {trials}, median {gain}"


def relative(before: float, after: float, *, greater_is_better: bool) -> float:
    """An improvement on a scale of its own: of the larger of both values, which share.

    It is 0.5 where a loss halves, -0.5 where it doubles, nearly 1 where it all but
    goes, and never beyond -1 and 1: metrics of any unit can be compared, and losses
    that break are not all that counts. A run without a number (NaN) is worse than any.
    The metric's own spread would be the other scale, but two seeds do not tell it, and
    scripts that draw nothing have none.

    >>> relative(2.0, 1.0, greater_is_better=False)
    0.5
    >>> relative(0.8, 0.4, greater_is_better=True)
    -0.5
    """
    if isnan(before) or isnan(after):
        return float(isnan(before)) - float(isnan(after))
    largest = max(abs(before), abs(after))
    if not largest:
        return 0.0
    gain = (after - before) / largest * (1 if greater_is_better else -1)
    return min(1.0, max(-1.0, gain))


def relatives(
    control: Sequence[float], treated: Sequence[float], *, greater_is_better: bool
) -> list[float]:
    """`relative` of each pair."""
    pairs = zip(control, treated, strict=True)
    return [relative(b, a, greater_is_better=greater_is_better) for b, a in pairs]


def entries_of(treatment: Treatment, run: Run) -> tuple[Entry, ...]:
    """What is kept of a treatment; `run` is the script as it is."""
    given = [(verdict, SEARCH) for verdict in treatment.tried]
    last = treatment.verdict
    if last is not None and last not in treatment.tried:  # else it is only trusted
        given.append((last, PROOF))
    return tuple(
        _entry(treatment, run, verdict, stage)
        for verdict, stage in given
        if verdict.plan.changes
    )


def _entry(treatment: Treatment, run: Run, verdict: Verdict, stage: str) -> Entry:
    # In a search the last change is the one that is tried, beside those that helped.
    # Both runs of a pair differ in all of them.
    at = -1 if stage == SEARCH else 0
    change = verdict.plan.changes[at]
    better = treatment.greater_is_better
    found = relatives(verdict.control, verdict.treated, greater_is_better=better)
    facts = run.facts
    return Entry(
        rule=treatment.against.get(change.id, ""),
        remedy=change.change,
        params=_plain(change),
        beside=tuple(c.change for c in verdict.plan.changes if c is not change),
        framework=str((facts.get("command") or {}).get("framework") or ""),
        task=str((facts.get("objective") or {}).get("task") or ""),
        stage=stage,
        outcome=verdict.outcome.value,
        helped=_helped(verdict, stage, found),
        gain=median(found) if found else None,
        pairs=len(found),
        steps=(facts.get("training") or {}).get("steps"),
    )


def _helped(verdict: Verdict, stage: str, gains: Sequence[float]) -> bool | None:
    effect = verdict.effect
    if effect is None:
        return None
    if stage == SEARCH:
        return all(gain >= LEAST for gain in gains)
    undecided = verdict.outcome is Outcome.NO_EFFECT and not isfinite(effect.low)
    same = verdict.control == verdict.treated
    return None if undecided and not same else verdict.outcome is Outcome.BETTER


def _plain(change: Change) -> dict[str, Any]:
    """Numbers, and words that are the remedy's own; no names of the user's."""
    kind = acts().get(change.change)
    types = {} if kind is None else get_type_hints(kind)
    return {
        name: value
        for name, value in change.params.items()
        if isinstance(value, bool | int | float) or value in get_args(types.get(name))
    }


def tally(
    entries: Iterable[tuple[str, Entry]], *, source: str = OWN
) -> tuple[Experience, ...]:
    """Entries, each with the treatment it is of, counted by rule and remedy."""
    alone: dict[tuple[str, str, str, str], Entry] = {}
    for treatment, entry in entries:
        if entry.beside or entry.helped is None or entry.gain is None:
            continue
        params = str(sorted(entry.params.items()))
        key = treatment, entry.rule, entry.remedy, params
        if entry.stage == PROOF or key not in alone:
            alone[key] = entry
    counted: dict[tuple[str, str], list[Entry]] = {}
    for entry in alone.values():
        counted.setdefault((entry.rule, entry.remedy), []).append(entry)
    return tuple(
        Experience(
            rule=rule,
            remedy=remedy,
            tried=len(some),
            helped=sum(entry.helped is True for entry in some),
            gain=median(entry.gain or 0.0 for entry in some),
            source=source,
        )
        for (rule, remedy), some in sorted(counted.items())
    )


def chance(place: int, told: Iterable[Experience] = ()) -> float:
    """How probable it is that a change helps, at that place of the list (from 0).

    The mean of a Beta distribution. Before anything was tried it is 1/2, 1/3, 1/4, …
    down the list, so that the list alone decides, and that is worth `STRENGTH` trials;
    each trial then counts as one. The mean, and no draw from the distribution
    (Thompson, 1933): what is tried should be the same again.

    >>> chance(0), round(chance(3), 3)
    (0.5, 0.2)
    >>> often = Experience(rule="r", remedy="a", tried=6, helped=6, gain=0.3)
    >>> round(chance(3, [often]), 3)
    0.68
    """
    helped, tried = STRENGTH / (place + 2), STRENGTH
    for one in told:
        weight = min(1.0, MOST_OF_BENCH / one.tried) if one.source == BENCH else 1.0
        helped += weight * one.helped
        tried += weight * one.tried
    return helped / tried
