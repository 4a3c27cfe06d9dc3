"""One training of a booster, or of the boosters of a cross-validation, recorded."""

from collections.abc import Iterable
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from wellfit.taps.boosting.budget import Budget
from wellfit.taps.boosting.facts import (
    importance_fact,
    model_fact,
    objective_fact,
    optimizer_fact,
    rows_facts,
    versions_fact,
)
from wellfit.taps.boosting.machine import Machine, Settings
from wellfit.taps.boosting.metrics import Metrics, Result
from wellfit.taps.boosting.rows import Rows
from wellfit.taps.boosting.scores import Floats, scores
from wellfit.taps.boosting.trees import Tree
from wellfit.taps.tap import Records

BLOCK = 50  # rounds whose trees are read at once
TREES = ("train/tree_depth", "train/tree_leaves", "train/tree_gain")


class Rounds:
    """What is seen of a training, round by round.

    The scores of a validation set stand at the number of rounds done before, as
    those of the training set do: both are of one model.
    """

    def __init__(
        self,
        records: Records,
        framework: str,
        budget: Budget,
        *,
        rows: Rows | None = None,
        folded: bool = False,
    ) -> None:
        self.records = records
        self.budget = budget
        self.count = 0
        self.settings: Settings | None = None
        self.targets: Floats | None = None
        self.rows = rows
        self._framework = framework
        self._folded = folded  # a cross-validation: what counts are means of folds
        self._machines: list[Machine] = []
        self._metrics = Metrics(records)
        self._looked = 0
        self.done = False

    # -- round by round ------------------------------------------------------------

    def updated(self, machine: Machine) -> None:
        """A booster has done a round."""
        if self.done:
            return
        if machine not in self._machines:
            self._machines.append(machine)
        if machine is not self._machines[0]:
            return  # of a cross-validation, the first fold counts the rounds
        begun = perf_counter()
        self._metrics.flush(self.count)
        self.count += 1
        if self.settings is None:
            self._begin(machine)
        rate = machine.rate()
        if rate is not None:
            self.records.value("train/learning_rate", self.count, rate)
        self.budget.pay(begun)
        if not self._folded and self.budget.due(self.count):
            self.look()

    def evaluated(self, place: int, name: str, results: Iterable[Result]) -> None:
        """A data set was evaluated; `name` is its own, its place 0 if trained on."""
        if not self.done:
            self._metrics.add(place, name, results)

    def look(self, *, whole: bool = False) -> None:
        """Score the predictions of training rows and, at leisure, of validation's."""
        machine = self._machines[0]
        assert self.settings is not None
        if self._looked == self.count or not machine.alive:
            return
        self._looked, begun = self.count, perf_counter()
        both = self._metrics.knows(1) and (whole or self.budget.flush)
        for place, phase in enumerate(("train", "val") if both else ("train",)):
            seen = machine.see(place)
            if seen is not None:
                found = scores(seen, self.settings.objective)
                self._metrics.score(phase, found, rows=len(seen.targets))
        self.budget.looked(begun, self.count)

    def _begin(self, machine: Machine) -> None:
        """Say what is known once a first round is done."""
        self.settings = settings = machine.settings()
        told = machine.targets()
        weighted = told is not None and told[1] is not None
        self.targets = None if told is None else told[0]
        self._metrics.meet(settings.objective)
        rate = machine.rate()
        self.records.fact("model", model_fact(self._framework, settings))
        self.records.fact("optimizer", optimizer_fact(settings, rate))
        objective = objective_fact(settings.objective, self.targets, weighted)
        self.records.fact("objective", objective)
        self.records.fact("versions", versions_fact())
        if settings.seed is not None:
            self.records.fact("seeds", {self._framework: settings.seed})

    # -- the end -------------------------------------------------------------------

    def last_look(self) -> None:
        """The data are about to be let go of: look, if it has not just been done."""
        if not self.done and self.count and not self._folded:
            self.look(whole=True)

    def finish(self, kept: int | None = None) -> None:
        """Nothing more comes; `kept` are the rounds that were kept, if not all."""
        if self.done or not self.count:
            return
        self.last_look()
        self._metrics.flush(self.count)
        self.done = True
        begun = perf_counter()
        machine = self._machines[0]
        assert self.settings is not None
        if machine.alive and not self._folded and (best := machine.best()) is not None:
            best -= self.settings.before
            kept = best if 0 < best <= self.count else kept
        if machine.alive and not self.settings.linear:
            self._say_trees(machine)
            self.records.fact("importance", importance_fact(machine.importance()))
        if self._folded:
            self.records.fact("folds", {"number": len(self._machines)})
        if kept is not None:
            self.records.event("early-stopping", self.count, best=kept)
        self.budget.pay(begun)
        self._say_training(kept)

    def _say_training(self, kept: int | None) -> None:
        rows = None if self.targets is None else len(self.targets)
        said = {
            "steps": self.count,
            "epochs": self.count,
            "batch_size": rows,
            "rows": rows,
            "seconds": self.budget.elapsed,
            "evaluations": self._metrics.rounds,
            "loss_source": "criterion",
        }
        self.records.fact("training", said | ({} if kept is None else {"kept": kept}))
        share = self.budget.spent / max(self.budget.elapsed, 1e-9)
        spent = {"seconds": self.budget.spent, "share": share, "lost": 0}
        self.records.fact("watching", spent | {"looks": self.budget.looks})

    def _say_trees(self, machine: Machine) -> None:
        """The trees of each round; of as many rounds as can be paid for."""
        assert self.settings is not None
        before = self.settings.before
        there = min(self.count, machine.rounds() - before)
        if there <= 0:
            return
        cost = inf
        for place in range(min(2, there)):  # the first time is the dearest
            begun = perf_counter()
            self._say_round(place, machine.trees(before + place, 1))
            cost = min(cost, perf_counter() - begun)
        # Within a block a round costs about half.
        wanted = min(there - 1, 2 * self.budget.left / max(cost, 1e-9))
        if wanted < there - 1:
            for place in np.linspace(2, there - 1, max(int(wanted / 2), 1)).astype(int):
                self._say_round(int(place), machine.trees(before + int(place), 1))
            return
        for first in range(2, there, BLOCK):
            count = min(BLOCK, there - first)
            trees = machine.trees(before + first, count)
            of_each = len(trees) // count
            for place in range(count):
                these = trees[place * of_each : (place + 1) * of_each]
                self._say_round(first + place, these)

    def _say_round(self, place: int, trees: list[Tree]) -> None:
        if trees:
            deepest = float(max(tree.depth for tree in trees))
            leaves = sum(tree.leaves for tree in trees) / len(trees)
            gain = sum(tree.gain for tree in trees)
            self.records.values(place + 1, TREES, (deepest, leaves, gain))

    def mark(self) -> tuple[str, int, bytes, bytes] | None:
        """What tells one sample of rows from another; None where there is none."""
        if self.rows is None or self.targets is None or self.settings is None:
            return None
        if self.rows.of != len(self.targets):
            return None
        task, of = self.settings.objective.task, self.rows.of
        return task, of, self.rows.first(), self.targets[self.rows.places].tobytes()

    def facts(self) -> dict[str, Any]:
        """What a sample of the rows tells: the facts `data`, `reference`, `inputs`."""
        assert self.rows is not None
        assert self.targets is not None
        assert self.settings is not None
        return rows_facts(self.rows, self.targets, self.settings.objective.task)
