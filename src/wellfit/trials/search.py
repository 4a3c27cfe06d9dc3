"""Which changes, together, are worth a proof: round after round, the best of each.

Each round tries changes on the script's own seed, the most promising first. The best of
those that help is tried on another seed too, and where it helps again it stays: the
next round begins with it, and from what is still wrong with the run that has it. Once
nothing is, there is little more to look for.

Nothing that is chosen here counts as proven: what is best of many on a few seeds is
partly lucky. It is then proven on seeds that nothing was chosen by (`proof.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan

from wellfit.core.plan import Plan
from wellfit.core.verdict import Outcome, Verdict
from wellfit.trials.effect import effect_of, gains_of
from wellfit.trials.proof import Ahead, Try, one_by_one
from wellfit.trials.proposals import Proposal

SEEDS = (0, 1001)  # the script's own, and another; those of a proof are 1, 2, 3, …
ROUNDS = 4
FEW = 4  # changes of a round are tried at the least: what makes it well may be no best


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What is to be expected of a plan, by its run on the script's own seed.

    `proposals` are what might help it further; it is `well` where nothing is wrong.
    """

    proposals: tuple[Proposal, ...] = ()
    well: bool = False


class _Over(Exception):
    """There is no more time."""


@dataclass(kw_only=True, slots=True)
class Search:
    """Tries changes on the seeds of the search; `tried` is all of it, in order."""

    greater_is_better: bool
    try_: Try
    outlook: Callable[[Plan], Outlook]  # of a plan that has been tried
    idle: Callable[[Plan], frozenset[str]] = lambda _: frozenset()  # its remedies that
    # find nothing to change, whatever their parameters are
    ahead: Ahead = one_by_one
    jobs: int = 1  # trials that are run beside each other
    seeds: Sequence[int] = SEEDS
    margin: float = 0.0  # by which it must be better, in the metric's unit
    tried: list[Verdict] = field(default_factory=list)
    _known: dict[tuple[tuple[str, ...], int], float] = field(default_factory=dict)
    _touches: dict[str, frozenset[str]] = field(default_factory=dict)  # by change
    _useless: set[str] = field(default_factory=set)  # changes
    _idle: set[str] = field(default_factory=set)  # remedies

    def run(self) -> Plan:
        """The best plan that was found before time was up; empty where none helps."""
        best = Plan()
        promising: list[Proposal] = []
        try:
            for _ in range(ROUNDS):
                outlook = self.outlook(best)
                if best.changes and outlook.well:
                    break
                proposals = [*promising, *outlook.proposals]
                found, promising = self._round(best, proposals)
                if found is None:
                    break
                best = found
        except _Over as over:
            best = best if best.changes else over.args[0]
        return best

    def _round(
        self, best: Plan, proposals: Sequence[Proposal]
    ) -> tuple[Plan | None, list[Proposal]]:
        """A better plan, or None; and what else helps, the most first."""
        candidates = self._candidates(best, proposals)
        helping: list[tuple[float, Plan, Proposal]] = []
        well = False
        try:
            for place, (plan, proposal) in enumerate(candidates):
                if well and place >= FEW:
                    break
                if proposal.change.change in self._idle:
                    continue
                if place % self.jobs == 0:
                    some = candidates[place : place + self.jobs]
                    self.ahead([(one, self.seeds[0]) for one, _ in some])
                gain = self._gain(plan, best, self.seeds[:1])
                if not gain:
                    self._idle |= self.idle(plan)
                if gain <= self.margin:
                    self._useless.add(proposal.change.id)
                    continue
                helping.append((gain, plan, proposal))
                well = well or self.outlook(plan).well
            helping.sort(key=lambda one: -one[0])
            for _, plan, _ in helping:
                if self._gain(plan, best, self.seeds) > self.margin:
                    return plan, [more for _, other, more in helping if other != plan]
        except _Over:
            most = max(helping, key=lambda one: one[0], default=(0.0, Plan()))
            raise _Over(most[1]) from None
        return None, []

    def _candidates(
        self, best: Plan, proposals: Sequence[Proposal]
    ) -> list[tuple[Plan, Proposal]]:
        """Each joined to the best, in the place of what touches the same."""
        found: dict[tuple[str, ...], tuple[Plan, Proposal]] = {}
        for one in proposals:
            self._touches[one.change.id] = one.touches
            if one.change.id in self._useless:
                continue
            others = [c for c in best.changes if not self._touches[c.id] & one.touches]
            plan = Plan.of(*others, one.change)
            if {*plan.ids} != {*best.ids}:
                found.setdefault(plan.ids, (plan, one))
        return [*found.values()]

    def _gain(self, plan: Plan, before: Plan, seeds: Sequence[int]) -> float:
        """How much better it is than another on the last of the seeds."""
        control = [self._value(Plan(), seed) for seed in seeds]
        others = [self._value(before, seed) for seed in seeds]
        treated = [self._value(plan, seed) for seed in seeds]
        gains = self._gains(control, treated)
        failed = all(map(isnan, treated))
        verdict = Verdict(
            plan=plan,
            outcome=Outcome.FAILED if failed else Outcome.TRIED,
            control=tuple(control),
            treated=tuple(treated),
            effect=effect_of(gains),
        )
        self.tried = [one for one in self.tried if one.plan != plan] + [verdict]
        return self._gains(others, treated)[-1]

    def _gains(self, before: Sequence[float], after: Sequence[float]) -> list[float]:
        return gains_of(before, after, greater_is_better=self.greater_is_better)

    def _value(self, plan: Plan, seed: int) -> float:
        place = plan.ids, seed
        if place not in self._known:
            found = self.try_(plan, seed)
            if found is None:
                raise _Over
            self._known[place] = found
        return self._known[place]
