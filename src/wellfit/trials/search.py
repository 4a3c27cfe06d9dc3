"""Which changes, together, are worth a proof: tried alone, and then joined greedily.

Nothing that is chosen here counts as proven: what is best of many on a few seeds is
partly lucky. It is then proven on seeds that nothing was chosen by (`proof.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isnan, nan

from wellfit.core.plan import Plan
from wellfit.core.verdict import Outcome, Verdict
from wellfit.trials.effect import effect_of, gains_of
from wellfit.trials.proof import Ahead, Try, one_by_one
from wellfit.trials.proposals import Proposal

SEEDS = (0, 1001)  # the script's own, and another; those of a proof are 1, 2, 3, …


class _Over(Exception):
    """There is no more time."""


@dataclass(kw_only=True, slots=True)
class Search:
    """Tries changes on the seeds of the search; `tried` is all of it, in order."""

    greater_is_better: bool
    try_: Try
    ahead: Ahead = one_by_one
    jobs: int = 1  # trials that are run beside each other
    tried: list[Verdict] = field(default_factory=list)
    _known: dict[tuple[tuple[str, ...], int], float] = field(default_factory=dict)

    def run(self, proposals: Sequence[Proposal]) -> Plan:
        """The best plan that was found before time was up; empty where none helps.

        A change is kept that helps on each seed. Then the best of them is joined by the
        next best that touches something else, as long as that helps on each seed too.
        """
        kept: list[Proposal] = []
        best = Plan()
        try:
            for place, proposal in enumerate(proposals):
                if place % self.jobs == 0:
                    some = proposals[place : place + self.jobs]
                    self.ahead([(Plan.of(p.change), SEEDS[0]) for p in some])
                if self._helps(Plan.of(proposal.change), Plan()):
                    kept.append(proposal)
                    best = max(best, Plan.of(proposal.change), key=self._score)
            best = self._joined(kept)
        except _Over:
            pass
        return best

    def _joined(self, kept: Sequence[Proposal]) -> Plan:
        ranked = sorted(
            kept, key=lambda one: self._score(Plan.of(one.change)), reverse=True
        )
        best, touched = Plan(), frozenset[str]()
        for one in ranked:
            if one.touches & touched:
                continue
            joined = Plan.of(*best.changes, one.change)
            try:
                helps = not best.changes or self._helps(joined, best)
            except _Over:
                break
            if helps:
                best, touched = joined, touched | one.touches
        return best

    def _helps(self, plan: Plan, before: Plan) -> bool:
        """Whether it is better than another on each seed; the first that it is not."""
        control: list[float] = []
        treated: list[float] = []
        for seed in SEEDS:
            control.append(self._value(before, seed))
            treated.append(self._value(plan, seed))
            gains = gains_of(control, treated, greater_is_better=self.greater_is_better)
            if gains[-1] <= 0:
                break
        failed = all(map(isnan, treated))
        verdict = Verdict(
            plan=plan,
            outcome=Outcome.FAILED if failed else Outcome.TRIED,
            control=tuple(control),
            treated=tuple(treated),
            effect=effect_of(gains),
        )
        self.tried.append(verdict)
        return gains[-1] > 0

    def _value(self, plan: Plan, seed: int) -> float:
        place = plan.ids, seed
        if place not in self._known:
            found = self.try_(plan, seed)
            if found is None:
                raise _Over
            self._known[place] = found
        return self._known[place]

    def _score(self, plan: Plan) -> float:
        """The mean over the seeds, the greater the better; a failed run is worst."""
        sign = 1.0 if self.greater_is_better else -1.0
        values = [self._known.get((plan.ids, seed), nan) for seed in SEEDS]
        return sum(-inf if isnan(v) else sign * v for v in values) / len(values)
