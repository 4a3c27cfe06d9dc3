"""Runs and searches as tables of attempts, and what sweep rules make of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.rules.small_sweeps import a_run
from wellfit.core.finding import Finding, NotChecked, Severity
from wellfit.core.run import Run
from wellfit.rules import all_sweep_rules
from wellfit.rules.attempts import noise_of
from wellfit.rules.hyperparameter_sensitivity import HyperparameterSensitivity
from wellfit.rules.optimum_at_boundary import OptimumAtBoundary
from wellfit.rules.search_overfitting import SearchOverfitting, expected
from wellfit.rules.seed_sensitivity import SeedSensitivity
from wellfit.rules.sweep_rule import SweepRule
from wellfit.rules.sweeps import sweep_of


def seeds(*scores: float, metric: str = "accuracy", **settings: float) -> list[Run]:
    return [
        a_run(score, seed=n, settings=settings, metric=metric)
        for n, score in enumerate(scores)
    ]


def losses(*ends: float) -> list[Run]:
    return [
        Run.of({"val/loss": {0: 2.0, 9: end}}, facts={"seeds": {"torch": n}})
        for n, end in enumerate(ends)
    ]


def grid(scores: dict[float, float], noise: float = 0.01, name: str = "C") -> Run:
    """A search over one parameter, whose folds differ by `noise`."""
    rng = np.random.default_rng(0)
    table = np.array(list(scores.values()))[:, None] + rng.normal(
        0, noise, (len(scores), 5)
    )
    candidates: list[dict[str, Any]] = [
        {"parameters": {name: v}, "score": float(row.mean()), "std": float(row.std())}
        for v, row in zip(scores, table, strict=True)
    ]
    best = int(np.argmax(table.mean(axis=1)))
    search = {"metric": "accuracy", "candidates": candidates, "best": best}
    folds = {f"val/score@fold{f}": table[:, f] for f in range(5)}
    return Run.of(folds, facts={"search": search})


def test_skill_is_on_one_scale() -> None:
    trivial = {"accuracy": 0.5}
    runs = [a_run(s, seed=0, settings={}, trivial=trivial) for s in (0.5, 0.75, 1.0)]
    sweep = sweep_of(runs)
    assert sweep is not None
    assert sweep.skills.tolist() == pytest.approx([0, 0.5, 1])
    assert sweep.attempts[1].error == pytest.approx(2 * (0.75 * 0.25 / 400) ** 0.5)


def test_a_loss_is_measured_by_the_best_of_the_sweep() -> None:
    sweep = sweep_of(losses(0.5, 1.25, 2.0))
    assert sweep is not None
    assert sweep.metric == "loss"
    assert sweep.skills.tolist() == pytest.approx([1, 0.5, 0])


def test_runs_that_broke_count_as_guessing() -> None:
    sweep = sweep_of(losses(0.5, float("nan"), float("inf")))
    assert sweep is not None
    assert sweep.failed == 2
    assert sweep.skills.tolist() == [1, 0, 0]


def test_what_diverged_has_no_scale() -> None:
    sweep = sweep_of(seeds(0.9, -1e300, metric="r2"))
    assert sweep is not None
    assert sweep.skills.tolist() == [0.9, -1]


@pytest.mark.parametrize("runs", [[], [Run.of()], [Run.of(), Run.of()]])
def test_what_is_no_sweep(runs: Sequence[Run]) -> None:
    assert sweep_of(runs) is None


def test_of_equal_seeds_only_the_first_counts() -> None:
    runs = [a_run(s, seed=1, settings={}) for s in (0.2, 0.9, 0.5, 0.6)]
    said = SeedSensitivity().judge(runs)
    assert isinstance(said, NotChecked)
    assert "3 runs that differ in the seed alone are needed" in said.reason


def test_noise_of_folds_leaves_out_how_hard_they_are() -> None:
    rng = np.random.default_rng(1)
    hard, luck = rng.normal(0, 0.2, 5), rng.normal(0, 0.01, (40, 5))
    table = 0.8 + hard + luck
    tried = [
        {"parameters": {"C": float(i)}, "score": r.mean()} for i, r in enumerate(table)
    ]
    signals = {f"val/score@fold{f}": table[:, f] for f in range(5)}
    facts = {"search": {"metric": "accuracy", "candidates": tried, "best": 0}}
    sweep = sweep_of([Run.of(signals, facts=facts)])
    assert sweep is not None
    known = noise_of(sweep, rows_shared=False)
    assert known is not None
    assert known[0] == pytest.approx(0.01 / 5**0.5, rel=0.3)


def test_settings_that_differ_less_than_seeds_are_a_note() -> None:
    runs = [
        *seeds(0.90, 0.93, 0.87, lr=0.1),
        *seeds(0.91, 0.94, 0.86, lr=0.2),
    ]
    said = SeedSensitivity().judge(runs)
    assert isinstance(said, Finding)
    assert said.severity is Severity.NOTE
    assert "seeds of each would tell them apart" in said.summary


@pytest.mark.parametrize(
    ("values", "name", "found"),
    [
        ((0.01, 0.1, 1, 10), "C", True),
        ((0.2, 0.4, 0.7, 1.0), "subsample", False),
        ((0.01, 0.1, 1.0), "dropout", False),
        ((4, 3, 2, 1), "n_neighbors", False),
        ((0.3, 0.2, 0.1, 0.0), "weight_decay", False),
        ((16, 32, 64, 128), "width", True),
    ],
)
def test_edges_that_nothing_lies_behind(
    values: Sequence[float], name: str, found: bool
) -> None:
    rising = dict(zip(values, np.linspace(0.5, 0.8, len(values)), strict=True))
    said = OptimumAtBoundary().judge([grid(rising, name=name)])
    assert isinstance(said, Finding) == found


def test_a_plateau_is_no_edge() -> None:
    scores = {0.01: 0.5, 0.1: 0.8, 1: 0.9, 10: 0.905, 100: 0.906}
    assert OptimumAtBoundary().judge([grid(scores)]) is None


def test_the_lower_edge_is_named() -> None:
    said = OptimumAtBoundary().judge([grid({0.1: 0.9, 1: 0.8, 10: 0.6})])
    assert isinstance(said, Finding)
    assert "the least tried" in said.summary
    assert "search lower values" in said.summary
    assert said.where == ("C",)


def test_too_few_attempts_for_a_trend() -> None:
    runs = [a_run(s, seed=0, settings={"lr": r}) for r, s in ((1, 0.3), (2, 0.5))]
    said = OptimumAtBoundary().judge(runs)
    assert isinstance(said, NotChecked)
    runs.append(a_run(0.9, seed=0, settings={"lr": 4}))
    said = OptimumAtBoundary().judge(runs)
    assert isinstance(said, NotChecked)
    assert "without folds or repeats" in said.reason


def test_a_cliff_without_repeats_may_be_chance() -> None:
    runs = [a_run(s, seed=0, settings={"lr": r}) for r, s in ((1, 0.9), (1.2, 0.2))]
    said = HyperparameterSensitivity().judge(runs)
    assert isinstance(said, NotChecked)
    assert "repeat the best setting" in said.reason


def test_a_dense_sweep_shows_its_own_roughness() -> None:
    scores = [0.7, 0.75, 0.78, 0.82, 0.85, 0.88, 0.9, 0.1]
    runs = [
        a_run(score, seed=0, settings={"lr": 0.1 * 1.2**n})
        for n, score in enumerate(scores)
    ]
    assert isinstance(HyperparameterSensitivity().judge(runs), Finding)


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.1])
def test_luck_is_estimated_as_large_as_it_is(spread: float) -> None:
    """Over a hundred searches of sixty attempts whose noise is 0.02."""
    rng, estimated, had = np.random.default_rng(0), [], []
    for _ in range(100):
        true, noise = rng.normal(0.5, spread, 60), rng.normal(0, 0.02, 60)
        best = int(np.argmax(true + noise))
        estimated.append((true + noise)[best] - expected(true + noise, 0.02))
        had.append(noise[best])
    assert np.mean(estimated) == pytest.approx(np.mean(had), abs=0.008)


def test_a_best_that_is_scored_again() -> None:
    rng = np.random.default_rng(3)
    run = grid(dict(enumerate(0.7 + rng.normal(0, 0.03, 60))), noise=0.08)
    for later, sure in ((0.5, True), (run.facts["search"]["candidates"], False)):
        best = run.facts["search"]["best"]
        score = later if sure else later[best]["score"]
        signals = {**run.signals, "val/accuracy": {0: 0.8, 1: score}}
        again = Run.of(
            {n: s if isinstance(s, dict) else s.values for n, s in signals.items()},
            facts=run.facts,
        )
        said = SearchOverfitting().judge([again])
        assert isinstance(said, Finding) == sure


def test_choosing_among_seeds_is_no_search() -> None:
    said = SearchOverfitting().judge(seeds(*np.linspace(0.5, 0.9, 12)))
    assert isinstance(said, NotChecked)


@pytest.mark.parametrize("rule", all_sweep_rules(), ids=lambda rule: rule.name())
def test_runs_of_different_trainings_are_not_judged_together(rule: SweepRule) -> None:
    runs = [*seeds(0.9, 0.6, 0.8), *seeds(0.3, 0.4, 0.2, metric="wer")]
    said = rule.judge(runs)
    assert isinstance(said, NotChecked)
    assert "some measure val/accuracy, others val/wer" in said.reason
