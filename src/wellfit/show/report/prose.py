"""The page's own words: what was trained, what was found, and manual pages as HTML."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markupsafe import Markup

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.run import Run
from wellfit.show.numerals import capital, count, duration, number, quantity, share
from wellfit.show.outcome import failure, interrupted
from wellfit.verbs.explain import fenced

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SCORES = ("loss", "accuracy", "r2", "rmse")
PARTS = {"test": "Test", "val": "Validation", "train": "Training"}


def title(run: Run) -> str:
    """What the run is called: its script or its table."""
    script = (run.facts.get("command") or {}).get("script")
    name = run.path.name if run.path is not None else "A training run"
    return str(script).rpartition("/")[2] if script else name


def what(run: Run) -> str:
    """One sentence: what was trained, and for how long."""
    if run.facts.get("candidates"):
        return _contest(run)
    known = run.facts.get("model") or {}
    size = known.get("parameters")
    sized = f" with {count(size, 'parameter')}" if size else ""
    name = f"{known.get('class') or 'A model'}{sized}"
    optimizer = (run.facts.get("optimizer") or {}).get("kind")
    means = f" with {optimizer}" if optimizer else ""
    steps = run.last_step + 1
    took = f"for {count(steps, 'step')}" if steps else "but no step of it was seen"
    return f"{name} was trained{means} {took}{_ended(run)}."


def _contest(run: Run) -> str:
    tried = run.facts["candidates"]
    data = run.facts.get("data") or {}
    target = (data.get("target") or {}).get("name") or "the target"
    rows = f" on {count(data['rows'], 'row')}" if data.get("rows") else ""
    chosen = (run.facts.get("selection") or {}).get("chosen")
    best = f", and {chosen} was the best of them" if chosen else ""
    many = capital(_word(len(tried)))
    models = "model was" if len(tried) == 1 else "models were"
    return f"{many} {models} trained{rows} to predict {target}{best}{_ended(run)}."


def found(diagnosis: Diagnosis) -> str:
    """One sentence: what is wrong, or how far healthy goes."""
    wrong = [f for f in diagnosis.findings if f.severity is not Severity.NOTE]
    if len(wrong) == 1:
        return f"One problem was found: {human(wrong[0].rule)}."
    if wrong:
        many, rule = capital(_word(len(wrong))), human(wrong[0].rule)
        return f"{many} problems were found; the most probable cause is {rule}."
    if diagnosis.healthy:
        return f"It is healthy, as far as was checked: {', '.join(diagnosis.coverage)}."
    worse = " worse than a note" if diagnosis.findings else ""
    return (
        f"Nothing{worse} was found, but too little could be checked to call it healthy."
    )


def _word(number_of: int) -> str:
    return WORDS[number_of] if number_of < len(WORDS) else f"{number_of:,}"


def human(rule: str) -> str:
    """A rule's name in plain words: `dead-units` is `dead units`."""
    return rule.replace("-", " ")


def first_sentence(page: str | None) -> str:
    """The first sentence of a manual page; nothing where there is none."""
    body = re.sub(r"\A\s*# .*\s*", "", page or "").partition("\n\n")[0]
    sentence = " ".join(body.split()).partition(". ")[0].rstrip(".")
    return f"{sentence}." if sentence else ""


def sentence(finding: Finding) -> str:
    """The summary with a capital and a full stop; a name keeps its own spelling."""
    said = finding.summary.rstrip(".") + "."
    word = said.partition(" ")[0]
    return capital(said) if word.isalpha() and word not in finding.where else said


def figures(run: Run) -> Iterator[tuple[str, str, str]]:
    """The few numbers at the top: name, value, and what to hold it against."""
    yield from _steps(run)
    # Losses of a contest are of one candidate, in units of its own.
    names = SCORES[1:] if run.facts.get("candidates") else SCORES
    for name in names:
        phase = next((p for p in PARTS if f"{p}/{name}" in run), "")
        signal = run.get(f"{phase}/{name}") if phase else None
        if signal is not None and len(signal):
            value = share(signal.last) if name == "accuracy" else number(signal.last)
            yield f"{PARTS[phase]} {quantity(name)}", value, _baseline(run, name)
    cost = (run.facts.get("watching") or {}).get("share")
    if cost is not None:
        yield "Cost of watching", share(cost), "of the time"


def markdown(text: str) -> Markup:
    """Markdown as HTML, but for its title: raw HTML is shown, not obeyed."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.disable("image")
    untitled = re.sub(r"\A\s*# .*", "", text)
    # Headings go below the page's own, which reach to the third level.
    lowered = re.sub(r"^#{1,4} ", "#### ", fenced(untitled), flags=re.MULTILINE)
    return Markup(parser.render(lowered))


def _ended(run: Run) -> str:
    failed = failure(run)
    if interrupted(run):
        return ", until it was interrupted"
    return f", until it failed ({failed})" if failed else ""


def _steps(run: Run) -> Iterator[tuple[str, str, str]]:
    training = run.facts.get("training") or {}
    steps, epochs = run.last_step + 1, training.get("epochs")
    if steps:
        yield "Steps", f"{steps:,}", count(epochs, "epoch") if epochs else ""
    if training.get("seconds"):
        pace = steps / training["seconds"]
        yield "Time", duration(training["seconds"]), f"{number(round(pace, 1))} steps/s"


def _baseline(run: Run, name: str) -> str:
    trivial = (run.facts.get("objective") or {}).get("trivial") or {}
    if trivial.get(name) is None:
        return ""
    value = trivial[name]
    return f"trivial {share(value) if name == 'accuracy' else number(value)}"
