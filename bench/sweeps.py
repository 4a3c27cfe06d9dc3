"""How often sweep rules are wrong: on simulated sweeps whose truth is known.

    python -m bench.sweeps [--quick]

Each case is a way to draw a sweep, and what is right to say of it: nothing, or the
rule. Where nothing is right, the share of warnings is the rule's false alarm rate;
elsewhere it is its sensitivity. Printed, and written to bench/results.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from bench.machine import describe
from wellfit.core.finding import Finding, Severity
from wellfit.core.run import Event, Run
from wellfit.rules import all_sweep_rules

RESULTS = Path(__file__).parent / "results" / "sweeps.json"
TIMES, QUICK = 1000, 100
ALARMS, FOUND = 0.01, 0.9  # bars of every stable rule: false alarms at most, found at
# least. `search-overfitting` misses the second: 76 % in the committed result
OBJECTIVE = {"task": "classification", "trivial": {"accuracy": 0.1}}
Settings = dict[str, float]
Surface = Callable[[Settings], float]
Sweep = tuple[Run, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A way to draw a sweep, and the rule that is right to warn; None for no rule."""

    name: str
    draw: Callable[[Generator], Sweep]
    right: str | None = None
    rules: tuple[str, ...] = ()  # those judged where none is right


def a_run(rng: Generator, settings: Settings, true: float, rows: int) -> Run:
    """A run that is truly so good, scored on so many rows."""
    score = rng.binomial(rows, min(max(true, 0.0), 1.0)) / rows
    facts = {
        "hyperparameters": settings,
        "seeds": {"torch": int(rng.integers(2**32))},
        "objective": OBJECTIVE,
    }
    evaluated = Event(kind="evaluation", step=9, data={"phase": "val", "rows": rows})
    return Run.of({"val/accuracy": {9: score}}, facts=facts, events=[evaluated])


def a_search(
    rng: Generator, tried: Sequence[Settings], surface: Surface, noise: float
) -> Sweep:
    """A search by cross-validation, whose folds differ in difficulty too."""
    folds = int(rng.choice([3, 5, 10]))
    true = np.array([surface(settings) for settings in tried])
    hard = rng.normal(0, 2 * noise, folds)
    luck = rng.normal(0, noise * folds**0.5, (len(tried), folds))
    # Folds share rows: a part of a candidate's luck is the same in all of them.
    shared = rng.normal(0, noise / 2, (len(tried), 1))
    table = true[:, None] + hard + luck + shared
    candidates = [
        {"parameters": s, "score": float(row.mean()), "std": float(row.std())}
        for s, row in zip(tried, table, strict=True)
    ]
    best = int(np.argmax(table.mean(axis=1)))
    search = {"metric": "accuracy", "candidates": candidates, "best": best}
    signals = {f"val/score@fold{f}": table[:, f] for f in range(folds)}
    facts = {"search": search, "objective": OBJECTIVE}
    return (Run.of(signals, facts=facts),)


def a_grid(rng: Generator, most: int = 3) -> list[Settings]:
    """One to three hyperparameters of three to seven values each."""
    axes = {
        f"p{axis}": np.geomspace(1e-4, 1e-1, int(rng.integers(3, 8)))
        for axis in range(int(rng.integers(1, most + 1)))
    }
    places = np.meshgrid(*axes.values(), indexing="ij")
    columns = np.column_stack([p.ravel() for p in places])
    return [dict(zip(axes, map(float, row), strict=True)) for row in columns]


def at_random(rng: Generator, number: int, axes: int) -> list[Settings]:
    """Values drawn evenly over three decades."""
    drawn = 10 ** rng.uniform(-4, -1, (number, axes))
    return [{f"p{a}": float(v) for a, v in enumerate(row)} for row in drawn]


def hill(rng: Generator, low: float, high: float, height: float = 0.4) -> Surface:
    """A parabola over each logarithm, its top between `low` and `high` of the range."""
    tops = rng.uniform(low, high, 3)

    def surface(settings: Settings) -> float:
        places = np.array([_place(value) for value in settings.values()])
        return 0.9 - height * float(np.sum((places - tops[: len(places)]) ** 2))

    return surface


def _place(value: float) -> float:
    """From 0 to 1, over the three decades."""
    return (log10(value) + 4) / 3


def flat(settings: Settings) -> float:
    return 0.8


def seeds(rng: Generator, true: Callable[[], float]) -> Sweep:
    """Runs that differ in the seed alone."""
    rows = int(rng.choice([200, 1000, 10000]))
    number = int(rng.choice([3, 5, 10]))
    return tuple(a_run(rng, {"lr": 0.1}, true(), rows) for _ in range(number))


def honest_seeds(rng: Generator) -> Sweep:
    level, spread = rng.uniform(0.4, 0.97), 0.005
    return seeds(rng, lambda: level + rng.normal(0, spread))


def wild_seeds(rng: Generator) -> Sweep:
    level = rng.uniform(0.7, 0.95)
    return seeds(rng, lambda: level - abs(rng.normal(0, 0.3)))


def failing_seeds(rng: Generator) -> Sweep:
    """Two of five fail to learn."""
    failed = rng.permutation([1, 1, 0, 0, 0])
    return tuple(a_run(rng, {"lr": 0.1}, 0.15 if f else 0.9, 1000) for f in failed)


def noise_grid(rng: Generator) -> Sweep:
    return a_search(rng, a_grid(rng), flat, rng.uniform(0.003, 0.03))


def noise_drawn(rng: Generator) -> Sweep:
    tried = at_random(rng, int(rng.integers(12, 61)), int(rng.integers(1, 4)))
    return a_search(rng, tried, flat, rng.uniform(0.003, 0.03))


def noise_runs(rng: Generator) -> Sweep:
    """Runs of three seeds at each rate, none of which matters."""
    rows, rates = int(rng.choice([200, 1000])), np.geomspace(1e-3, 1e-2, 7)
    return tuple(
        a_run(rng, {"lr": float(r)}, 0.85 + rng.normal(0, 0.01), rows)
        for r in rates
        for _ in range(3)
    )


def inner_grid(rng: Generator) -> Sweep:
    return a_search(rng, a_grid(rng), hill(rng, 0.25, 0.75), rng.uniform(0.003, 0.02))


def inner_drawn(rng: Generator) -> Sweep:
    tried = at_random(rng, int(rng.integers(16, 61)), int(rng.integers(1, 4)))
    return a_search(rng, tried, hill(rng, 0.25, 0.75), rng.uniform(0.003, 0.02))


def outer_grid(rng: Generator) -> Sweep:
    return a_search(rng, a_grid(rng), hill(rng, 1.2, 1.6), 0.01)


def outer_drawn(rng: Generator) -> Sweep:
    tried = at_random(rng, 40, 2)
    return a_search(rng, tried, hill(rng, 1.2, 1.6), 0.01)


def fine_rates(rng: Generator) -> Sweep:
    """A smooth hill over rates 1.3 times apart, three seeds of each."""
    rates, top = 0.01 * 1.3 ** np.arange(10), rng.integers(2, 8)
    rows = int(rng.choice([200, 1000]))
    return tuple(
        a_run(rng, {"lr": float(r)}, 0.9 - 0.005 * (i - top) ** 2, rows)
        for i, r in enumerate(rates)
        for _ in range(3)
    )


def cliff(rng: Generator) -> Sweep:
    """Rates 1.3 times apart, of which all above some fail."""
    rates, end = 0.01 * 1.3 ** np.arange(8), rng.integers(3, 7)
    return tuple(
        a_run(rng, {"lr": float(r)}, 0.15 if i > end else 0.8 + 0.02 * i, 1000)
        for i, r in enumerate(rates)
        for _ in range(3)
    )


def useful_search(rng: Generator) -> Sweep:
    """Settings move the score by two standard errors of it (a deviation), and more."""
    tried = a_grid(rng) if rng.random() < 0.5 else at_random(rng, 40, 2)
    surface = hill(rng, 0, 1)
    spread = float(np.std([surface(settings) for settings in tried]))
    return a_search(rng, tried, surface, spread / rng.uniform(2, 6))


def idle_search(rng: Generator) -> Sweep:
    """Sixty settings that all are alike, scored on few rows."""
    return a_search(rng, at_random(rng, 60, 3), flat, rng.uniform(0.02, 0.04))


EDGE, CURSE = "optimum-at-boundary", "search-overfitting"
SEED, CLIFF = "seed-sensitivity", "hyperparameter-sensitivity"
CASES = (
    Case(name="seeds with honest noise", draw=honest_seeds, rules=(SEED,)),
    Case(name="noise alone, grid", draw=noise_grid, rules=(EDGE, CLIFF)),
    Case(name="noise alone, random search", draw=noise_drawn, rules=(EDGE, CLIFF)),
    Case(name="noise alone, runs", draw=noise_runs, rules=(SEED, EDGE, CLIFF)),
    Case(name="optimum within, grid", draw=inner_grid, rules=(EDGE,)),
    Case(name="optimum within, random search", draw=inner_drawn, rules=(EDGE,)),
    Case(name="smooth hill of fine steps", draw=fine_rates, rules=(SEED, EDGE, CLIFF)),
    Case(name="a search that is of use", draw=useful_search, rules=(CURSE, CLIFF)),
    Case(name="seeds far apart", draw=wild_seeds, right=SEED),
    Case(name="two seeds of five fail", draw=failing_seeds, right=SEED),
    Case(name="optimum outside, grid", draw=outer_grid, right=EDGE),
    Case(name="optimum outside, random search", draw=outer_drawn, right=EDGE),
    Case(name="a cliff beside the best", draw=cliff, right=CLIFF),
    Case(name="a search among equals", draw=idle_search, right=CURSE),
)


def warned(rule: str, sweep: Sweep) -> bool:
    """Whether the rule warns of the sweep."""
    judge = next(r for r in all_sweep_rules() if r.name() == rule)
    said = judge.judge(sweep)
    return isinstance(said, Finding) and said.severity is not Severity.NOTE


def measure(case: Case, times: int, seed: int = 0) -> list[dict[str, Any]]:
    """How often each of the case's rules warns."""
    rng = default_rng(seed)
    drawn = [case.draw(rng) for _ in range(times)]
    return [
        {
            "case": case.name,
            "rule": rule,
            "right": case.right is not None,
            "sweeps": times,
            "warned": sum(warned(rule, sweep) for sweep in drawn),
        }
        for rule in ((case.right,) if case.right else case.rules)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 of each, not kept")
    quick = parser.parse_args().quick
    found = []
    for case in CASES:
        for got in measure(case, QUICK if quick else TIMES):
            found.append(got)
            share = got["warned"] / got["sweeps"]
            bar = f"at least {FOUND:.0%}" if got["right"] else f"at most {ALARMS:.0%}"
            line = f"{got['case']:32}{got['rule']:28}{share:7.1%}   {bar}"
            print(line, flush=True)
    if not quick:
        RESULTS.parent.mkdir(exist_ok=True)
        said = {"machine": describe(), "measured": found}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")


if __name__ == "__main__":
    main()
