"""Ways of training the same, told by how long each takes beside the first of them.

In each round every way trains once, all of them together, in turns (bench/turns.py).
A ratio is of a way's seconds to those of the first way in the same round; told are the
medians over the rounds, with the interval that holds them at 95 %.
"""

import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.turns import Training, Turns
from bench.workloads import Workload

RENEWED = 10  # rounds, as a rule
SELDOM = 6  # every so manieth round has the ways that are seldom taken, too

Way = Callable[[Turns, Workload], None]


@dataclass(frozen=True, kw_only=True)
class Ways:
    """What is compared on a workload: the first of `often` is what all is held to."""

    often: Mapping[str, Way]
    seldom: Mapping[str, Way]
    bars: Mapping[str, float]


def measure(
    ways: Ways, work: Workload, *, rounds: int, steps: int, renewed: int = RENEWED
) -> Iterator[dict[str, Any]]:
    """The median ratio of each way of training, with its interval: after each round.

    The processes are new ones after `renewed` rounds.
    """
    shuffled = random.Random(0)
    first = next(iter(ways.often))
    ratios: dict[str, list[float]] = {}
    per_step = []
    for number in range(rounds):
        if number % renewed == 0:
            trainings = _warm(ways, work)
        taken = [*ways.often, *(ways.seldom if number % SELDOM == 0 else ())]
        seconds = _round({w: trainings[w] for w in taken}, steps, work, shuffled)
        alone = sum(seconds[first])
        per_step.append(alone / steps)
        for way in taken[1:]:
            ratios.setdefault(way, []).append(sum(seconds[way]) / alone)
        if number % renewed == renewed - 1 or number == rounds - 1:
            for training in trainings.values():
                training.close()
        yield {
            "step_ms": 1e3 * statistics.median(per_step),
            "steps": steps,
            "ways": {
                way: told_of(own)
                | ({"bar": ways.bars[way]} if way in ways.bars else {})
                for way, own in sorted(ratios.items())
            },
        }


def _warm(ways: Ways, work: Workload) -> dict[str, Training]:
    """A process for each way, in which all is imported.

    Where things lie in its memory makes a process a percent or two faster or slower
    than another, for as long as it lives: there is to be more than one.
    """
    both = {**ways.often, **ways.seldom}
    trainings = {way: Training(train, work) for way, train in both.items()}
    for training in trainings.values():
        training.start(20, 20, work.device)
        training.turn()
        training.end()
    return trainings


def _round(
    trainings: dict[str, Training],
    steps: int,
    work: Workload,
    shuffled: random.Random,
) -> dict[str, list[float]]:
    """The seconds of each turn of these trainings, side by side."""
    seconds: dict[str, list[float]] = {way: [] for way in trainings}
    for training in trainings.values():
        training.start(steps, work.turn, work.device)
    for _ in range(-(-steps // work.turn)):
        for way in shuffled.sample(sorted(trainings), len(trainings)):
            seconds[way].append(trainings[way].turn())
    for training in trainings.values():
        training.end()
    return seconds


def told_of(ratios: Sequence[float]) -> dict[str, float]:
    """Their median, and the interval that holds it at 95 %."""
    ratios = sorted(ratios)
    # The order statistics that hold the median with 95 % (binomial, normal approx.).
    reach = 0.98 * len(ratios) ** 0.5
    low, high = round(len(ratios) / 2 - reach), round(len(ratios) / 2 + reach)
    return {
        "ratio": statistics.median(ratios),
        "low": ratios[max(low - 1, 0)],
        "high": ratios[min(high, len(ratios) - 1)],
        "pairs": len(ratios),
    }


def show(name: str, found: Mapping[str, Any]) -> None:
    """Print what was found, a line a way."""
    print(f"{name}: a bare step {found['step_ms']:.3f} ms, {found['steps']} steps")
    for way, got in found["ways"].items():
        bar = f"   bar {got['bar']:.2f}" if "bar" in got else ""
        interval = f"[{got['low']:.3f}, {got['high']:.3f}]"
        print(f"  {way:16} x{got['ratio']:.3f} {interval}, {got['pairs']} pairs{bar}")
