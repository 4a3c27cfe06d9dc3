"""A diagnosis in the terminal: what is wrong, since when, where, and what to try."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.text import Text

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.plan import Change
from wellfit.core.run import Run
from wellfit.core.words import enumerated
from wellfit.show.interventions import interventions
from wellfit.show.numerals import count, duration, listed
from wellfit.show.outcome import cost, failure, interrupted
from wellfit.show.tree import Branch, tree

WIDEST: Final = 100  # columns: longer lines are hard to read
COLOURS: Final = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold blue",
}


class Line(NamedTuple):
    """A text, wrapped where it stands: this many columns from the left."""

    text: Text
    indent: int = 0


def show_diagnosis(diagnosis: Diagnosis, run: Run, console: Console) -> None:
    """Print the findings, most probable cause first, and what was not checked.

    "Healthy" is said only together with what it covers. Colour is the console's own
    decision: none in a pipe, none under NO_COLOR.
    """
    write((_seen(run), *findings(diagnosis), *_closing(diagnosis)), console)
    path = diagnosis.run or run.path
    if path is not None and "log" not in run.facts:
        console.print(f"\nwellfit report {shown(path)}", style="dim", soft_wrap=True)


def show_findings(diagnosis: Diagnosis, console: Console, *, over: str) -> None:
    """Print the findings alone, under a line of their own; or that there are none."""
    found = list(findings(diagnosis))
    if not found:
        console.print(Text(f"{over}: nothing was found", style="dim"))
        return
    console.print(Text(over, style="bold"))
    write(found, console)


def write(blocks: Iterable[Iterable[Line]], console: Console) -> None:
    """Print blocks of lines, each after an empty one."""
    for block in blocks:
        console.print()
        for line in block:
            _print(line, console)


def printable(text: str) -> str:
    r"""The text without what would steer a terminal: a layer may bear any name.

    >>> printable("fc\x1b[31m1")
    'fc�[31m1'
    """
    return "".join(c if c.isprintable() else "�" for c in text)


def shown(path: Path) -> str:
    """A path as short as it can be typed: from here, or from the home folder."""
    for base, front in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(base):
            return printable(front + path.relative_to(base).as_posix())
    return printable(str(path))


def _print(line: Line, console: Console) -> None:
    width = max(min(console.width, WIDEST) - line.indent, 10)
    for piece in line.text.wrap(console, width):
        piece.rstrip()
        console.print(Text(" " * line.indent).append_text(piece))


def _seen(run: Run) -> Iterator[Line]:
    training = run.facts.get("training") or {}
    steps, epochs = run.last_step + 1, training.get("epochs")
    parts = [(run.facts.get("model") or {}).get("class")]
    parts += [count(steps, "step") if steps else "no training seen"]
    parts += [count(epochs, "epoch")] if epochs else []
    parts += [duration(training["seconds"])] if training.get("seconds") else []
    parts += [cost(run)]
    yield Line(Text(printable(" · ".join(p for p in parts if p)), style="dim"))
    yield from _changed(run)
    yield from _healed(run)
    failed = failure(run)
    if interrupted(run):
        yield Line(Text("Interrupted: this is what was seen until then."))
    elif failed:
        yield Line(Text(printable(f"The script failed: {failed}")))


def _changed(run: Run) -> Iterator[Line]:
    """Of a training by a plan, what was changed; or that nothing was."""
    plan = run.facts.get("plan")
    if plan is None:
        return
    said = [Change.from_json(one) for one in plan["changes"]]
    changes = ", ".join(map(str, said)) or "no changes"
    if plan["applied"] or not said:
        yield Line(Text(printable(f"Trained with {changes}.")))
        for change, why in plan.get("without_effect", {}).items():
            name = next(one for one in said if one.id == change)
            text = printable(f"Without effect: {name}: {why}.")
            yield Line(Text(text, style="bold yellow"))
        return
    text = f"Not applied: {changes}: nothing was trained that a plan can change."
    yield Line(Text(printable(text), style="bold yellow"))


def _healed(run: Run) -> Iterator[Line]:
    """Of a training that was gone back in, how often and why."""
    for place, said in enumerate(interventions(run)):
        yield Line(Text(printable(said), style="" if place else "bold yellow"))


def findings(diagnosis: Diagnosis) -> Iterator[Iterable[Line]]:
    """The findings, each a block, beneath it what it explains."""
    if diagnosis.findings:
        total = count(len(diagnosis.findings), "finding")
        rest = ", most probable cause first" if len(diagnosis.findings) > 1 else ""
        yield [Line(Text(f"{total}{rest}", style="bold"))]
    for place, branch in enumerate(tree(diagnosis.findings), start=1):
        yield _branch(branch, f"{place} ")


def _branch(branch: Branch, mark: str, indent: int = 0) -> Iterator[Line]:
    finding = branch.finding
    head = Text(mark).append(printable(finding.rule), style=COLOURS[finding.severity])
    yield Line(head.append(f"  {finding.severity}", style="dim"), indent)
    inner = indent + len(mark)
    for text in _said(finding):
        yield Line(text, inner)
    for below in branch.beneath:
        yield Line(Text(" "))
        yield from _branch(below, "└ ", inner)


def _said(finding: Finding) -> Iterator[Text]:
    yield Text(printable(finding.summary))
    since = [] if finding.since is None else [f"since step {finding.since:,}"]
    where = [f"in {listed(finding.where)}"] if finding.where else []
    if since or where:
        yield Text(printable(" ".join(since + where)), style="dim")
    if finding.because:
        yield Text(printable(finding.because), style="dim")
    if finding.remedies:
        named = printable(listed(finding.remedies, most=4))
        yield Text("try ", style="dim").append(named, style="not dim cyan")


def _closing(diagnosis: Diagnosis) -> Iterator[Iterable[Line]]:
    if diagnosis.healthy:
        yield [Line(_healthy(diagnosis))]
    elif diagnosis.healthy is None:
        yield [Line(_unknown(diagnosis))]
    if diagnosis.not_checked:
        names = listed(tuple(diagnosis.not_checked))
        said = f"Not checked: {printable(names)}. The report says why."
        yield [Line(Text(said, style="dim"))]


def _healthy(diagnosis: Diagnosis) -> Text:
    passed = count(len(diagnosis.passed), "rule")
    rest = f" as far as {enumerated(diagnosis.coverage)} go: {passed} passed."
    return Text().append("Healthy", style="bold green").append(rest)


def _unknown(diagnosis: Diagnosis) -> Text:
    judged = {*diagnosis.passed, *(f.rule for f in diagnosis.findings)}
    open_ = [
        area for area, rules in diagnosis.coverage.items() if not judged & {*rules}
    ]
    found = "Nothing worse was found" if diagnosis.findings else "Nothing was found"
    areas = enumerated(open_)
    return Text(f"{found}, but healthy cannot be said: {areas} could not be checked.")
