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
    helps,
    named,
    pairs_chart,
)
from wellfit.show.treatment import nothing, ranked, signed
from wellfit.trials.effect import gains_of
from wellfit.trials.kept import Kept

OTHERWISE = ("val/loss", "train/loss")  # the curve, where the metric is one number
YAML = "plan.yaml"
DIFF, REST = "changes.diff", "left.yaml"
PROOF = "The proof"
PROVEN = (
    "Runs with the plan and without it, on seeds that nothing was chosen by; pairs are "
    "added until it is decided. The interval holds the median of all pairs there could "
    "be with 95 % certainty, however often it was looked at."
)
TRUSTED = "One run with the plan and one without it: it may be luck."


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
    name, moved = named(verdict.plan), _moved(treatment, verdict)
    pairs = count(len(verdict.control), "pair")
    match verdict.outcome:
        case _ if verdict.effect is None:
            return f"There was no time for one pair of runs with {name}."
        case _ if verdict.control == verdict.treated:
            return f"{name} changes nothing: runs with it are the same as without."
        case Outcome.TRIED:
            return f"{name} seems to help: {moved}. It is not proven."
        case Outcome.BETTER | Outcome.WORSE:
            return f"{name} makes it {verdict.outcome}: {moved} over {pairs} of runs."
    luck = f"{name} has no effect that could be told from luck by {pairs} of runs."
    few = f"Whether {name} helps is not decided: {pairs} of runs are too few."
    return luck if isfinite(verdict.effect.low) else few


def _moved(treatment: Treatment, verdict: Verdict) -> str:
    before, after = _middle(verdict.control), _middle(verdict.treated)
    if before is None or after is None:
        failed = sum(map(isnan, verdict.control if before is None else verdict.treated))
        return (
            f"{failed} of {len(verdict.control)} runs fail {ASIDE[before is not None]}"
        )
    way = "rises" if after > before else "falls"
    ends = f"from {number(before)} to {number(after)}"
    median_of = " in the median" if len(verdict.control) > 1 else ""
    return f"{treatment.metric} {way} {ends}{median_of}"


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
        return Section(id="proof", title=PROOF)
    trusted = verdict.outcome is Outcome.TRIED
    runs = [(_run(a), _run(b)) for a, b in kept.pairs]
    names = dict.fromkeys((treatment.metric, *OTHERWISE))
    curves = (curves_chart(name, runs, kept.seeds) for name in names)
    curve = next((chart for chart in curves if chart is not None), None)
    return Section(
        id="proof",
        title="The trial" if trusted else PROOF,
        note=TRUSTED if trusted else PROVEN,
        charts=(
            pairs_chart(treatment, verdict, kept.seeds),
            *([curve] if curve else []),
        ),
        tables=(_pairs(treatment, verdict, kept.seeds),),
    )


def _pairs(treatment: Treatment, verdict: Verdict, seeds: tuple[int, ...]) -> Table:
    gains = _gains(treatment, verdict)
    pairs = zip(seeds, verdict.control, verdict.treated, gains, strict=True)
    return Table(
        title="Each pair",
        columns=("pair", *ASIDE, "improvement"),
        rows=tuple(
            (f"seed {seed}", *map(_value, (before, after)), signed(gain))
            for seed, before, after, gain in pairs
        ),
        numeric=(1, 2, 3),
    )


def _value(value: float) -> str:
    return "failed" if isnan(value) else number(value)


def _use(kept: Kept) -> Section:
    """The plan and the commands that use it; where it is open, how to go on."""
    verdict = kept.treatment.verdict
    if verdict is None:
        return Section(id="use", title="The plan")
    if verdict.outcome in (Outcome.BETTER, Outcome.TRIED):
        return _plan(kept, verdict)
    if verdict.effect is not None and isfinite(verdict.effect.low):
        return Section(id="use", title="The plan")
    go_on = f"wellfit treat --budget 1h --out {_folder(kept)} {_script(kept)}"
    return Section(
        id="use",
        title="To decide it",
        note="More time adds pairs; trials that are there already are not run again.",
        codes=(
            Code(title="The plan that is not decided", text=verdict.plan.to_yaml()),
            Code(title="Go on", text=go_on),
        ),
    )


def _plan(kept: Kept, verdict: Verdict) -> Section:
    file, script = f"{_folder(kept)}/{YAML}", _script(kept)
    proof = f"wellfit treat --with {file} --out {_folder(kept)} {script}"
    trusted = verdict.outcome is Outcome.TRIED
    return Section(
        id="use",
        title="The plan",
        note="The script stays as it is.",
        codes=(
            Code(title=YAML, text=verdict.plan.to_yaml()),
            *([Code(title="Prove it", text=proof)] if trusted else []),
            Code(title="Train with it", text=f"wellfit run --with {file} {script}"),
            Code(
                title="Or for good, as the first line of the script",
                text=f"import wellfit; wellfit.apply({_named(kept) + '/' + YAML!r})",
            ),
            *_diff(kept),
        ),
    )


def _diff(kept: Kept) -> Iterator[Code]:
    """The plan as an edit of the source, as far as it could be written as one."""
    try:
        text = (kept.treatment.path / DIFF).read_text(encoding="utf-8")
    except OSError:
        return
    lacking = (kept.treatment.path / REST).exists()
    besides = f"; what it lacks is in {REST}" if lacking else ""
    yield Code(
        title=f"Or as an edit of the source{besides}",
        text=f"patch -p1 < {_folder(kept)}/{DIFF}",
    )
    yield Code(title=DIFF, text=redact(text))


def _named(kept: Kept) -> str:
    return redact(str(kept.treatment.path))


def _folder(kept: Kept) -> str:
    """As a shell takes it; but for the `~` of a home."""
    named = _named(kept)
    home = "~/" if named.startswith("~/") else ""
    return home + shlex.quote(named.removeprefix(home))


def _script(kept: Kept) -> str:
    return shlex.join([*(["-m"] if kept.module else []), *kept.command])


def _tried(treatment: Treatment) -> Section:
    """The search, ranked; what failed or changed nothing says why."""
    chart = effects_chart(treatment) if treatment.tried else None
    rows = tuple(_row(treatment, verdict) for verdict in ranked(treatment))
    table = Table(
        title="",
        columns=("change", "what came of it", "without", "with it", "seeds", "against"),
        rows=rows,
        numeric=(2, 3, 4),
        note="The medians over the seeds of the search. Round after round the best "
        "that helps on each of them stays, and is joined by the next best: on so few "
        "seeds that is partly luck, so that it is proven on others.",
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
    better = helps(verdict, _gains(treatment, verdict))
    on = count(len(verdict.control), "seed")
    return f"better on {on}" if better else f"did not help{why}"


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
