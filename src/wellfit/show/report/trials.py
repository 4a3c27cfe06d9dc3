"""Charts of trials: pair by pair, curve by curve, and all that was tried."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isnan
from statistics import median

import numpy as np

from wellfit.core.plan import Plan
from wellfit.core.run import Run, Signal
from wellfit.core.signals import parse
from wellfit.core.treatment import Treatment
from wellfit.core.verdict import Outcome, Verdict
from wellfit.show.numerals import capital, count, number, quantity
from wellfit.show.report.lines import WIDE, Line, line_chart, unit_of
from wellfit.show.report.parts import Chart, Key, plain
from wellfit.show.report.prose import PARTS
from wellfit.show.treatment import ranked
from wellfit.trials.effect import effect_of
from wellfit.trials.experience import relatives

ASIDE = ("as it is", "with the plan")
POINTS = 200  # of each curve


def named(plan: Plan) -> str:
    """A plan in a line."""
    return " + ".join(map(str, plan.changes)) or ASIDE[0]


def said(metric: str) -> str:
    """A metric in words.

    >>> said("val/loss"), said("test/score"), said("mine")
    ('Validation loss', 'Test score', 'Training mine')
    """
    name = parse(metric)
    return f"{PARTS.get(name.phase, capital(name.phase))} {quantity(name.name)}"


def pairs_chart(treatment: Treatment, verdict: Verdict, seeds: Sequence[int]) -> Chart:
    """Each pair: the value without the plan, and with it."""
    sides = verdict.control, verdict.treated
    known = [v for side in sides for v in side if not isnan(v)]
    log = bool(known) and min(known) > 0 and max(known) > WIDE * min(known)
    way = "right" if treatment.greater_is_better else "left"
    return Chart(
        id="pairs",
        title=f"{said(treatment.metric)}, pair by pair",
        label=" ".join(_in_words(verdict, seeds)),
        keys=tuple(
            Key(name=name, tone=str(tone), text=_median(side))
            for tone, (name, side) in enumerate(zip(ASIDE, sides, strict=True))
        ),
        spec={
            "kind": "pairs",
            "metric": treatment.metric,
            "greater": treatment.greater_is_better,
            "log": log,
            "seeds": list(seeds),
            "before": plain(verdict.control),
            "after": plain(verdict.treated),
            "medians": [_middle(side) for side in sides],
        },
        note="The runs of a pair share every seed; what differs is the plan. Further "
        f"to the {way} is better.",
    )


def _in_words(verdict: Verdict, seeds: Sequence[int]) -> Iterator[str]:
    pairs = zip(seeds, verdict.control, verdict.treated, strict=True)
    for seed, before, after in pairs:
        yield f"Seed {seed}: {_value(before)} {ASIDE[0]}, {_value(after)} {ASIDE[1]}."


def _value(value: float) -> str:
    return "failed" if isnan(value) else number(value)


def _middle(values: Sequence[float]) -> float | None:
    known = [v for v in values if not isnan(v)]
    return plain([median(known)])[0] if known else None


def _median(values: Sequence[float]) -> str:
    failed = sum(map(isnan, values))
    middle = _middle(values)
    said = [] if middle is None else [f"{number(middle)} in the median"]
    return ", ".join([*said, *([f"{failed} failed"] if failed else [])])


def curves_chart(
    name: str, pairs: Sequence[tuple[Run, Run]], seeds: Sequence[int]
) -> Chart | None:
    """How a signal went in each run of the pairs; None where it is no curve."""
    lines: list[Line] = []
    middles: list[Line] = []
    for tone, side in enumerate(ASIDE):
        found = {
            seed: signal
            for seed, pair in zip(seeds, pairs, strict=True)
            if (signal := pair[tone].get(name)) is not None and len(signal) > 1
        }
        lines += [
            Line(name=f"{side}, seed {seed}", signal=signal, tone=tone)
            for seed, signal in found.items()
        ]
        middles += _middles(side, list(found.values()), tone)
    if not lines:
        return None
    # Medians are drawn last, above the runs that they are of.
    chart = line_chart(
        "curves", said(name), [*lines, *middles], unit=unit_of(name), points=POINTS
    )
    drawn = [
        {**line, "faint": at < len(lines) and bool(middles)}
        for at, line in enumerate(chart.spec["lines"])
    ]
    of = "The thick lines are the medians over the seeds." if middles else ""
    return replace(
        chart,
        keys=tuple(
            Key(name=side, tone=str(tone), text=_count(lines, tone))
            for tone, side in enumerate(ASIDE)
        ),
        spec={**chart.spec, "lines": drawn},
        note=f"A line is a run. {of}".strip(),
    )


def _count(lines: Sequence[Line], tone: int) -> str:
    return count(sum(line.tone == tone for line in lines), "run")


def _middles(side: str, signals: Sequence[Signal], tone: int) -> list[Line]:
    """The median over runs that were measured at the same steps; none of one run."""
    if len(signals) < 2 or any(
        not np.array_equal(signals[0].steps, one.steps) for one in signals
    ):
        return []
    values = np.median([signal.values for signal in signals], axis=0)
    middle = Signal(name=signals[0].name, steps=signals[0].steps.copy(), values=values)
    return [Line(name=f"{side}, median", signal=middle, tone=tone)]


def effects_chart(treatment: Treatment) -> Chart | None:
    """All that was tried, by its relative gain: the proof first, then the search."""
    last = treatment.verdict
    proven = [] if last is None or last in treatment.tried else [last]
    rows = [
        _effect(treatment, verdict)
        for verdict in [*proven, *ranked(treatment)]
        if verdict.control
    ]
    if not rows:
        return None
    return Chart(
        id="effects",
        title="Relative gain",
        label=" ".join(f"{row['name']}: {row['said']}." for row in rows),
        spec={"kind": "effects", "rows": rows},
        note="The improvement over the larger of both values, without the change and "
        "with it: +0.5 where a loss halves, −0.5 where it doubles. A dot is a pair of "
        "runs; the bar is the 95 % interval, which a proof alone has.",
    )


def _effect(treatment: Treatment, verdict: Verdict) -> Mapping[str, object]:
    gains = relatives(
        verdict.control,
        verdict.treated,
        greater_is_better=treatment.greater_is_better,
    )
    effect = effect_of(gains)
    proof = verdict not in treatment.tried
    between = [effect.low, effect.high] if effect and proof else []
    return {
        "name": f"{'The proof: ' if proof else ''}{named(verdict.plan)}",
        "proof": proof,
        "good": verdict.outcome is Outcome.BETTER if proof else helps(verdict, gains),
        "gains": plain(gains),
        "median": plain([effect.median])[0] if effect else None,
        "between": plain(between) if all(map(np.isfinite, between)) else [],
        "said": f"median {number(effect.median)}" if effect else "no pair",
    }


def helps(verdict: Verdict, gains: Sequence[float]) -> bool:
    """Whether it was better on each seed that it was tried on in the search."""
    return verdict.outcome is not Outcome.FAILED and all(gain > 0 for gain in gains)
