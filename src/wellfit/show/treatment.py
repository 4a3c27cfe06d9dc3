"""A treatment in the terminal: each trial as it is done, and the verdict."""

from collections.abc import Iterator
from math import isfinite, isnan
from statistics import median

from rich.console import Console
from rich.text import Text

from wellfit.core.verdict import Effect, Outcome
from wellfit.show.numerals import count, duration, number
from wellfit.show.terminal import Line, printable, shown, write
from wellfit.show.training import labelled
from wellfit.verbs.treat import Treatment, Trialled

MARKS = {
    Outcome.BETTER: ("✔", "bold green"),
    Outcome.WORSE: ("✘", "bold red"),
    Outcome.NO_EFFECT: ("✘", "bold"),
    Outcome.FAILED: ("✘", "bold red"),
}


def show_trial(trial: Trialled, console: Console) -> None:
    """A line for a trial that is done."""
    what = "with the plan" if trial.changed else "as it is"
    value = "failed" if isnan(trial.value) else number(trial.value)
    took = "was there" if trial.seconds is None else duration(trial.seconds)
    text = f"seed {trial.seed:<3} {what:<14} {value:<12} {took}"
    console.print(Text(printable(text), style="dim"))


def show_treatment(treatment: Treatment, console: Console) -> None:
    """The verdict, and what it rests on."""
    console.print()
    console.print(labelled(_said(treatment)))
    mark, style = MARKS[treatment.verdict.outcome]
    changes = " + ".join(map(str, treatment.verdict.plan.changes)) or "no change"
    line = Text(f"{mark} ", style=style).append(printable(changes), style="bold")
    line.append(f"  {verdict_of(treatment)}", style="not bold")
    write([[Line(line)]], console)
    if treatment.verdict.outcome is Outcome.BETTER:
        text = f"\nwellfit run --with {shown(treatment.path / 'plan.yaml')} SCRIPT"
        console.print(text, style="dim", soft_wrap=True)


def _said(treatment: Treatment) -> Iterator[tuple[str, str]]:
    verdict = treatment.verdict
    way = "greater" if treatment.greater_is_better else "smaller"
    yield "judged by", f"{treatment.metric}: {way} is better"
    yield "as it is", _values(verdict.control)
    yield "changed", _values(verdict.treated)
    pairs = count(len(verdict.control), "pair")
    yield (
        "tried",
        f"{pairs} of runs that share all seeds, {duration(treatment.seconds)}",
    )
    for note in treatment.notes:
        yield "noted", note


def _values(values: tuple[float, ...]) -> str:
    """The median, as the effect is one, and each."""
    known = [v for v in values if not isnan(v)]
    if not known:
        return "no run has a number"
    each = ", ".join("failed" if isnan(v) else number(v) for v in values)
    return f"{number(median(known))} in the median  ({each})"


def verdict_of(treatment: Treatment) -> str:
    """The effect, and what it comes to."""
    verdict = treatment.verdict
    if verdict.effect is None:
        return "nothing could be measured"
    if verdict.control == verdict.treated:
        return "changes nothing: the runs are the same"
    effect = _effect(verdict.effect)
    match verdict.outcome:
        case Outcome.BETTER:
            return f"{effect}  better"
        case Outcome.WORSE:
            return f"{effect}  worse"
        case _ if not isfinite(verdict.effect.low):
            return (
                f"{effect}  not decided: more pairs are needed; give it more --budget"
            )
        case _:
            return f"{effect}  no effect that could be told from luck"


def _effect(effect: Effect) -> str:
    gain, low, high = (_signed(x) for x in (effect.median, effect.low, effect.high))
    return f"{gain}  [{low}, {high}]"


def _signed(gain: float) -> str:
    return f"{'+' if gain >= 0 else '−'}{number(abs(gain)) if isfinite(gain) else '∞'}"
