"""The yardstick: which runs are healthy, and which faults cost something.

*Skill* is where a score lies between saying the same of all rows (0) and the best that
can be had of the same rows (1): the ideal predictor where data are made up, else the
better of a standard model of scikit-learn and of the best healthy setting on the same
data, as the mean over its seeds. Scores are of rows that nobody has seen.

A *healthy* run has a skill of 0.9 at least, all its losses are finite, and at its end
its validation loss has given back at most a tenth of what it had gained.

A *fault* counts in a setting where, over the seeds, it costs at least 0.03 of skill and
at least two standard errors of such a difference; a run of it counts where it lost half
of that itself. Its twins must be healthy: one fault at a time. The standard error is
the larger of what the pairs say and of what two seeds of healthy twins differ by in
that base. Where the yardstick is *overstated*, the same is asked of how much better the
training's own validation score is than the honest one. Runs that crash are not counted:
their traceback says what is wrong.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bench.faults import store
from bench.faults.bases import BASES
from bench.faults.cases import Case
from bench.faults.faults import FAULTS
from bench.faults.setting import Setting

SKILL = 0.9
GIVEN_BACK = 0.1
COSTS = 0.03
ERRORS = 2.0

Said = dict[str, Any]
DataKey = tuple[str, int, float, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """The cases that count, and why the others do not."""

    counted: tuple[Case, ...]
    dropped: Mapping[str, tuple[Case, ...]] = field(default_factory=dict)


def sort(cases: Iterable[Case]) -> Sorted:
    """Judge all cases whose trainings are there."""
    made = {c: said for c in cases if (said := store.outcome(c.setting)) is not None}
    done = {c: said for c, said in made.items() if said["ending"] == "done"}
    dropped: dict[str, list[Case]] = defaultdict(list)
    for case, said in made.items():
        if case not in done:
            dropped[said["ending"]].append(case)
    yard = Yardstick({c: s for c, s in done.items() if not c.fault})
    counted = []
    costly = _costly(done, yard)
    for case, said in done.items():
        why = yard.ails(case, said) if not case.fault else costly.get(case, "no twin")
        if why:
            dropped[why].append(case)
        else:
            counted.append(case)
    return Sorted(
        counted=tuple(counted), dropped={why: tuple(c) for why, c in dropped.items()}
    )


class Yardstick:
    """What is good of each base and data, and how much seeds differ."""

    def __init__(self, healthy: Mapping[Case, Said]) -> None:
        self._best: dict[DataKey, float] = {}
        self._known = _Kept()
        by_setting: dict[tuple[DataKey, int], list[float]] = defaultdict(list)
        for case, said in healthy.items():
            by_setting[_key(case.setting), case.number].append(said["score"])
        for (key, _), scores in by_setting.items():
            mean = float(np.mean(scores))
            self._best[key] = max(self._best.get(key, -math.inf), mean)
        self._spreads = _spreads(healthy, self)

    def skill(self, setting: Setting, said: Said, what: str = "score") -> float:
        """Between what is trivial and the best there is; below −1 all is the same."""
        best = self.best(setting)
        skill = (said[what] - said["trivial"]) / (best - said["trivial"])
        return max(-1.0, float(skill))

    def best(self, setting: Setting) -> float:
        key = _key(setting)
        known, ideal = self._known.best(setting)
        return known if ideal else max(known, self._best.get(key, known))

    def spread(self, base: str, what: str) -> float:
        """The deviation between two seeds of a healthy setting."""
        return self._spreads.get((base, what), COSTS)

    def ails(self, case: Case, said: Said) -> str:
        """Why a training that was meant to be healthy is not; empty where it is."""
        losses = said["val_losses"]
        if not all(map(math.isfinite, losses)):
            return "not healthy: a loss is not finite"
        if self.skill(case.setting, said) < SKILL:
            return "not healthy: it gets too little"
        if losses and not case.setting.patience:
            gained = max(said["trivial_loss"], losses[0]) - min(losses)
            if losses[-1] - min(losses) > GIVEN_BACK * gained:
                return "not healthy: its validation loss rises"
        return ""


def overstated(yard: Yardstick, setting: Setting, said: Said) -> float:
    """By how much the training's own validation score is better than the honest one."""
    return yard.skill(setting, said, "seen") - yard.skill(setting, said)


def _worth(yard: Yardstick, setting: Setting, said: Said, what: str) -> float:
    """What a training is worth by a yardstick: the greater the better."""
    if what == "overstated":
        return -overstated(yard, setting, said)
    return yard.skill(setting, said)


def _spreads(
    healthy: Mapping[Case, Said], yard: Yardstick
) -> dict[tuple[str, str], float]:
    """Pooled over the settings of a base: the deviation of one seed."""
    found: dict[tuple[str, str], float] = {}
    for what in ("score", "overstated"):
        groups: dict[tuple[str, int], list[float]] = defaultdict(list)
        for case, said in healthy.items():
            worth = _worth(yard, case.setting, said, what)
            groups[case.setting.base, case.number].append(worth)
        squares: dict[str, list[float]] = defaultdict(list)
        for (base, _), values in groups.items():
            if len(values) > 1:
                squares[base].append(float(np.var(values, ddof=1)))
        for base, variances in squares.items():
            # The median, times what makes it a mean: one setting that fails by one
            # seed in two is not the noise of all others (chi-square, 1 degree).
            found[base, what] = math.sqrt(float(np.median(variances)) / 0.455)
    return found


def _costly(done: Mapping[Case, Said], yard: Yardstick) -> dict[Case, str]:
    """Of each faulty case why it does not count; empty where it does."""
    groups: dict[tuple[str, str, float, int], list[Case]] = defaultdict(list)
    for case in done:
        if case.fault:
            base = case.setting.base
            groups[base, case.fault, case.strength, case.number].append(case)
    return {
        case: why
        for cases in groups.values()
        for case, why in _judged(cases, done, yard)
    }


def _judged(
    cases: list[Case], done: Mapping[Case, Said], yard: Yardstick
) -> list[tuple[Case, str]]:
    what = FAULTS[cases[0].fault].yardstick
    costs: dict[Case, float] = {}
    for case in cases:
        assert case.twin is not None
        twin = store.outcome(case.twin)
        if twin is None or twin["ending"] != "done":
            continue
        if yard.ails(replace(case, setting=case.twin, fault=""), twin):
            return [(case, "its twin is not healthy") for case in cases]
        own = _worth(yard, case.twin, done[case], what)
        costs[case] = _worth(yard, case.twin, twin, what) - own
    if len(costs) < 2:
        return [(case, "no pair of seeds") for case in cases]
    values = list(costs.values())
    noise = yard.spread(cases[0].setting.base, what) * math.sqrt(2)
    error = max(noise, float(np.std(values, ddof=1))) / math.sqrt(len(values))
    # What the pairs say of the spread is little, and a fault may itself be a lottery:
    # where all pairs lost far more than seeds differ by, that is enough.
    clear = min(values) > max(COSTS, ERRORS * noise)
    enough = clear or np.mean(values) >= max(COSTS, ERRORS * error)
    least = max(COSTS, ERRORS * error) / 2
    return [
        (
            case,
            "" if enough and (clear or cost >= least) else "costs nothing measurable",
        )
        for case, cost in costs.items()
    ]


def _key(s: Setting) -> DataKey:
    return s.base, s.rows, s.noise, s.data_seed


class _Kept:
    """The best that can be had, kept: to find it may take a fit."""

    def __init__(self) -> None:
        self._file = store.folder() / f"best-{store.code()}.json"
        there = self._file.exists()
        self._known: dict[str, list[Any]] = (
            json.loads(self._file.read_text("utf-8")) if there else {}
        )

    def best(self, s: Setting) -> tuple[float, bool]:
        """The best score, and whether it is that of the ideal predictor."""
        name = " ".join(map(str, _key(s)))
        if name not in self._known:
            base = BASES[s.base]
            self._known[name] = [base.best(s), base.reference is None]
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._known, indent=1), "utf-8")
        score, ideal = self._known[name]
        return score, ideal
