"""A treatment in the terminal: each trial as it is done, and the verdict."""

from collections.abc import Iterable, Iterator
from math import isfinite, isnan
from statistics import median

from rich.console import Console
from rich.text import Text

from wellfit.core.plan import Plan
from wellfit.core.treatment import Begun, Treatment, Trialled
from wellfit.core.verdict import Effect, Outcome, Verdict
from wellfit.show.numerals import count, duration, number
from wellfit.show.terminal import Line, printable, shown, write
from wellfit.show.training import labelled

MARKS = {
    Outcome.BETTER: ("✔", "bold green"),
    Outcome.WORSE: ("✘", "bold red"),
    Outcome.NO_EFFECT: ("✘", "bold"),
    Outcome.FAILED: ("✘", "bold red"),
    Outcome.TRIED: ("?", "bold yellow"),
}
HELPING = (Outcome.BETTER, Outcome.TRIED)  # a plan was saved


def show_begun(begun: Begun, console: Console) -> None:
    """What was found, and what it will take to look for a remedy."""
    console.print(labelled(_begun(begun)))
    console.print()


def _begun(begun: Begun) -> Iterator[tuple[str, str]]:
    named = " · ".join(f"{f.rule} ({f.confidence:.2f})" for f in begun.findings)
    yield (
        "found",
        named or "nothing that is wrong: what often helps is tried all the same",
    )
    runs = f"; there is time for about {begun.runs} runs" if begun.runs else ""
    took = f" A run takes {duration(begun.seconds)}{runs}." if begun.seconds else ""
    yield "to try", f"{count(begun.proposals, 'change')}, then together.{took}"


def show_trial(trial: Trialled, console: Console) -> None:
    """A line for a trial that is done."""
    value = "failed" if isnan(trial.value) else number(trial.value)
    took = "was there" if trial.seconds is None else duration(trial.seconds)
    text = f"seed {trial.seed:<4}  {value:<12} {took:<10} {_named(trial.plan)}"
    console.print(Text(printable(text), style="dim"))


def _named(plan: Plan) -> str:
    return " + ".join(map(str, plan.changes)) or "as it is"


def show_treatments(treatments: Iterable[Treatment], console: Console) -> None:
    """A line for each: where it stands, and what came of it."""
    for one in treatments:
        helps = one.verdict is not None and one.outcome in ("better", "tried")
        plan = f"  {_named(one.verdict.plan)}" if helps and one.verdict else ""
        line = Text(shown(one.path), style="bold").append("  treated: ", style="dim")
        console.print(line.append(f"{one.outcome}{printable(plan)}", style="not bold"))


def show_treatment(treatment: Treatment, console: Console) -> None:
    """The verdict, and what it rests on."""
    console.print()
    console.print(labelled(_said(treatment)))
    if treatment.tried:
        lines = [Line(_tried(verdict)) for verdict in ranked(treatment)]
        write([lines], console)
    verdict = treatment.verdict
    if verdict is None:
        write([[Line(Text(nothing(treatment), style="bold"))]], console)
        return
    mark, style = MARKS[verdict.outcome]
    line = Text(f"{mark} ", style=style).append(
        printable(_named(verdict.plan)), style="bold"
    )
    line.append(f"  {verdict_of(verdict)}", style="not bold")
    write([[Line(line)]], console)
    if verdict.outcome in HELPING:
        console.print(_use(treatment), style="dim", soft_wrap=True)


def _use(treatment: Treatment) -> str:
    """What can be done with what was proven."""
    text = f"\nwellfit run --with {shown(treatment.path / 'plan.yaml')} SCRIPT"
    diff = treatment.path / "changes.diff"
    if diff.exists():
        text += f"\npatch -p1 < {shown(diff)}"
        if (rest := treatment.path / "left.yaml").exists():
            text += f'  and  wellfit.apply("{shown(rest)}")  for what it lacks'
    return text


def nothing(treatment: Treatment) -> str:
    """Why it is left as it is, where there is no plan to be proven."""
    if treatment.healthy:
        return "Nothing was found that needs a remedy: it is left as it is."
    if treatment.against and not treatment.tried:
        return "There was no time to try a change: it is left as it is."
    return "Nothing that could be tried helps: it is left as it is."


def ranked(treatment: Treatment) -> list[Verdict]:
    """What was tried, the best first."""

    def gain(verdict: Verdict) -> float:
        return -float("inf") if verdict.effect is None else verdict.effect.median

    return sorted(treatment.tried, key=gain, reverse=True)


def _tried(verdict: Verdict) -> Text:
    said = "failed"
    if verdict.outcome is not Outcome.FAILED and verdict.effect is not None:
        on = count(len(verdict.control), "seed")
        said = f"{signed(verdict.effect.median)} on {on}"
        if verdict.control == verdict.treated:
            said = "changes nothing"
    line = Text("  tried ", style="dim").append(printable(_named(verdict.plan)))
    return line.append(f"  {said}", style="dim")


def _said(treatment: Treatment) -> Iterator[tuple[str, str]]:
    verdict = treatment.verdict
    way = "greater" if treatment.greater_is_better else "smaller"
    yield "judged by", f"{treatment.metric}: {way} is better"
    yield "as it is", _values(verdict.control if verdict else treatment.baseline)
    if verdict is not None:
        yield "changed", _values(verdict.treated)
        pairs = count(len(verdict.control), "pair")
        yield "proven by", f"{pairs} of runs that share all seeds"
    runs = count(treatment.trials, "run")
    yield "it took", f"{runs}, {duration(treatment.seconds)}"
    for note in treatment.notes:
        yield "noted", note


def _values(values: tuple[float, ...]) -> str:
    """The median, as the effect is one, and each."""
    known = [v for v in values if not isnan(v)]
    if not known:
        return "no run has a number"
    if len(values) == 1:
        return number(known[0])
    each = ", ".join("failed" if isnan(v) else number(v) for v in values)
    return f"{number(median(known))} in the median  ({each})"


def verdict_of(verdict: Verdict) -> str:
    """The effect, and what it comes to."""
    if verdict.effect is None:
        return "nothing could be measured"
    if verdict.control == verdict.treated:
        return "changes nothing: the runs are the same"
    effect = _effect(verdict.effect)
    match verdict.outcome:
        case Outcome.BETTER | Outcome.WORSE:
            return f"{effect}  {verdict.outcome}"
        case Outcome.TRIED:
            return f"{signed(verdict.effect.median)}  seems to help, and is not proven"
        case _ if not isfinite(verdict.effect.low):
            return (
                f"{effect}  not decided: more pairs are needed; give it more --budget"
            )
        case _:
            return f"{effect}  no effect that could be told from luck"


def _effect(effect: Effect) -> str:
    gain, low, high = (signed(x) for x in (effect.median, effect.low, effect.high))
    return f"{gain}  [{low}, {high}]"


def signed(gain: float) -> str:
    """An improvement, with its sign."""
    return f"{'+' if gain >= 0 else '−'}{number(abs(gain)) if isfinite(gain) else '∞'}"
