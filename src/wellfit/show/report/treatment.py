"""A treatment as one page: the verdict, what it rests on, and how to use it."""

import shlex
from collections.abc import Iterator
from math import isfinite, isnan
from pathlib import Path
from statistics import median

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.core.treatment import Treatment
from wellfit.core.verdict import Outcome, Verdict
from wellfit.record import open_run
from wellfit.record.folder import databases
from wellfit.record.redact import redact
from wellfit.show.numerals import capital, count, duration, number
from wellfit.show.report.findings import Page, findings
from wellfit.show.report.page import Content, page_of
from wellfit.show.report.parts import Code, Section, Table
from wellfit.show.report.prose import human
from wellfit.show.report.trials import (
    ASIDE,
    curves_chart,
    effects_chart,
    helped,
    named,
    pairs_chart,
)
from wellfit.show.treatment import nothing, ranked, signed
from wellfit.trials.effect import gains_of
from wellfit.trials.kept import Kept

OTHERWISE = ("val/loss", "train/loss")  # the curve, where the metric is one number
YAML = "plan.yaml"


def treatment_page(kept: Kept, *, page: Page) -> str:
    """The page as HTML; `page` gives the manual page of a rule or remedy, or None."""
    treatment = kept.treatment
    first = _run(kept.first)
    leading = [_proof(kept), _use(kept)]
    sections = [_tried(treatment), _notes(treatment)]
    content = Content(
        title=_title(kept),
        found=sentence(treatment),
        after=_what(treatment),
        figures=list(_figures(treatment)),
        findings=findings(first, Diagnosis(findings=treatment.findings), page),
        leading=[section for section in leading if not section.empty],
        sections=[section for section in sections if not section.empty],
    )
    return page_of(content, page)


def _run(folder: Path) -> Run:
    """The run of a trial; an empty one where its folder has gone."""
    return open_run(folder) if databases(folder) else Run()


def _title(kept: Kept) -> str:
    return kept.command[0].rpartition("/")[2] if kept.command else "A treatment"


def sentence(treatment: Treatment) -> str:
    """The verdict."""
    verdict = treatment.verdict
    if verdict is None:
        return nothing(treatment)
    name, pairs = named(verdict.plan), count(len(verdict.control), "pair")
    if verdict.effect is None:
        return f"There was no time for one pair of runs with {name}."
    if verdict.control == verdict.treated:
        return f"{name} changes nothing: runs with it are the same as without."
    if verdict.outcome in (Outcome.BETTER, Outcome.WORSE):
        moved = _moved(treatment, verdict)
        return f"{name} makes it {verdict.outcome}: {moved} over {pairs} of runs."
    if not isfinite(verdict.effect.low):
        return f"Whether {name} helps is not decided: {pairs} of runs are too few."
    return f"{name} has no effect that could be told from luck by {pairs} of runs."


def _moved(treatment: Treatment, verdict: Verdict) -> str:
    before, after = _middle(verdict.control), _middle(verdict.treated)
    if before is None or after is None:
        failed = sum(map(isnan, verdict.control if before is None else verdict.treated))
        return (
            f"{failed} of {len(verdict.control)} runs fail {ASIDE[before is not None]}"
        )
    way = "rises" if after > before else "falls"
    ends = f"from {number(before)} to {number(after)}"
    return f"{treatment.metric} {way} {ends} in the median"


def _middle(values: tuple[float, ...]) -> float | None:
    known = [v for v in values if not isnan(v)]
    return median(known) if known else None


def _what(treatment: Treatment) -> str:
    way = "greater" if treatment.greater_is_better else "smaller"
    return (
        f"It took {count(treatment.trials, 'run')} and {duration(treatment.seconds)}, "
        f"judged by {treatment.metric}: {way} is better."
    )


def _figures(treatment: Treatment) -> Iterator[tuple[str, str, str]]:
    verdict = treatment.verdict
    control = treatment.baseline if verdict is None else verdict.control
    yield capital(ASIDE[0]), number(_middle(control)), treatment.metric
    if verdict is None or verdict.effect is None:
        return
    yield "With the plan", number(_middle(verdict.treated)), treatment.metric
    effect, gains = verdict.effect, _gains(treatment, verdict)
    bounds = f"{signed(effect.low)} to {signed(effect.high)}"
    sure = (
        f"95 % sure: {bounds}" if isfinite(effect.low) else "too few pairs to be sure"
    )
    yield "Improvement", signed(effect.median), sure
    better = sum(gain > 0 for gain in gains)
    yield "Pairs that improve", f"{better} of {len(gains)}", ""


def _gains(treatment: Treatment, verdict: Verdict) -> list[float]:
    return gains_of(
        verdict.control,
        verdict.treated,
        greater_is_better=treatment.greater_is_better,
    )


def _proof(kept: Kept) -> Section:
    treatment, verdict = kept.treatment, kept.treatment.verdict
    if verdict is None or not verdict.control:
        return Section(id="proof", title="The proof")
    runs = [(_run(a), _run(b)) for a, b in kept.pairs]
    names = dict.fromkeys((treatment.metric, *OTHERWISE))
    curves = (curves_chart(name, runs) for name in names)
    curve = next((chart for chart in curves if chart is not None), None)
    return Section(
        id="proof",
        title="The proof",
        note="Runs with the plan and without it, on seeds that nothing was chosen by; "
        "pairs are added until it is decided. The interval holds the median of all "
        "pairs there could be with 95 % certainty, however often it was looked at.",
        charts=(pairs_chart(treatment, verdict), *([curve] if curve else [])),
        tables=(_pairs(treatment, verdict),),
    )


def _pairs(treatment: Treatment, verdict: Verdict) -> Table:
    pairs = zip(
        verdict.control, verdict.treated, _gains(treatment, verdict), strict=True
    )
    return Table(
        title="Each pair",
        columns=("pair", *ASIDE, "improvement"),
        rows=tuple(
            (f"seed {seed}", *map(_value, (before, after)), signed(gain))
            for seed, (before, after, gain) in enumerate(pairs, start=1)
        ),
        numeric=(1, 2, 3),
    )


def _value(value: float) -> str:
    return "failed" if isnan(value) else number(value)


def _use(kept: Kept) -> Section:
    """The plan and the commands that use it; where none is proven, how to go on."""
    treatment, verdict = kept.treatment, kept.treatment.verdict
    folder = redact(str(treatment.path))
    script = shlex.join([*(["-m"] if kept.module else []), *kept.command])
    if verdict is not None and verdict.outcome is Outcome.BETTER:
        file = f"{folder}/{YAML}"
        return Section(
            id="use",
            title="The plan",
            note="What was proven; the script stays as it is.",
            codes=(
                Code(title=YAML, text=verdict.plan.to_yaml()),
                Code(
                    title="Train with it",
                    text=f"wellfit run --with {shlex.quote(file)} {script}",
                ),
                Code(
                    title="Or for good, as the first line of the script",
                    text=f"import wellfit; wellfit.apply({file!r})",
                ),
            ),
        )
    undecided = verdict is not None and not (
        verdict.effect and isfinite(verdict.effect.low)
    )
    if not undecided or verdict is None:
        return Section(id="use", title="The plan")
    return Section(
        id="use",
        title="To decide it",
        note="More time adds pairs; trials that are there already are not run again.",
        codes=(
            Code(title="The plan that is not decided", text=verdict.plan.to_yaml()),
            Code(
                title="Go on",
                text=f"wellfit treat --budget 1h --out {shlex.quote(folder)} {script}",
            ),
        ),
    )


def _tried(treatment: Treatment) -> Section:
    """The search, ranked; what failed or changed nothing says why."""
    chart = effects_chart(treatment) if treatment.tried else None
    rows = tuple(_row(treatment, verdict) for verdict in ranked(treatment))
    table = Table(
        title="",
        columns=("change", "what came of it", "without", "with it", "seeds", "against"),
        rows=rows,
        numeric=(2, 3, 4),
        note="The medians over the seeds of the search. What helps on both was joined, "
        "and then proven on others: on two the best of many is partly lucky.",
    )
    return Section(
        id="tried",
        title="What was tried",
        charts=() if chart is None else (chart,),
        tables=(table,) if rows else (),
    )


def _row(treatment: Treatment, verdict: Verdict) -> tuple[str, ...]:
    rules = [treatment.against.get(c.id, "") for c in verdict.plan.changes]
    return (
        named(verdict.plan),
        _came(treatment, verdict),
        number(_middle(verdict.control)),
        number(_middle(verdict.treated)),
        number(len(verdict.control)),
        ", ".join(dict.fromkeys(human(rule) for rule in rules if rule)),
    )


def _came(treatment: Treatment, verdict: Verdict) -> str:
    name = named(verdict.plan)
    told = [n.partition(": ")[2] for n in treatment.notes if _is_of(n, name)]
    why = f": {told[0]}" if told else ""
    if verdict.outcome is Outcome.FAILED:
        return f"failed{why}"
    if verdict.control == verdict.treated:
        return f"changes nothing{why}"
    gains = _gains(treatment, verdict)
    return "helped on each seed" if helped(verdict, gains) else f"did not help{why}"


def _is_of(note: str, name: str) -> bool:
    """Whether a note tells why this failed, or changed nothing."""
    nothing = note.startswith(f"{name} changes nothing: ")
    return nothing or (note.startswith("seed ") and f" failed with {name}: " in note)


def _notes(treatment: Treatment) -> Section:
    """Those that do not stand beside what was tried."""
    names = [named(verdict.plan) for verdict in treatment.tried]
    left = (n for n in treatment.notes if not any(_is_of(n, name) for name in names))
    facts = tuple(("Note", capital(note)) for note in left)
    return Section(id="notes", title="Noted", facts=facts)
