"""The checklist in the terminal: a line a box, ticked, crossed, or left open."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from wellfit.core.checklist import Item, Phase, State
from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.numerals import capital, count, listed
from wellfit.show.outcome import failure
from wellfit.show.terminal import WIDEST, findings, printable, shown, write

TITLES: Final = {
    Phase.TRIED: "Tried out",
    Phase.BEFORE: "Before training",
    Phase.DURING: "During training",
    Phase.AFTER: "After training",
    Phase.ENGINEERING: "Engineering",
}
MARKS: Final = {State.OK: "✓", State.WRONG: "✗", State.YOURS: "·"}
COLOURS: Final = {State.OK: "green", State.WRONG: "bold red", State.YOURS: "dim"}
ASIDE: Final = 34  # columns of an item, beside which its text stands
ROOM: Final = 84  # columns from which on there is room beside it


def show_checklist(
    diagnosis: Diagnosis, run: Run, console: Console, *, page: Path | None = None
) -> None:
    """Print the findings, then every box with what it rests on, then how many of each.

    Where there is little room the text stands beneath its item.
    """
    write(findings(diagnosis), console)
    failed = failure(run)
    if failed and diagnosis.script_exit:
        console.print(f"\n{printable(f'The script failed: {failed}')}", markup=False)
    for phase, items in by_phase(diagnosis.checklist):
        console.print()
        console.print(Text(TITLES[phase], style="bold"))
        for item in _together(items):
            _print(item, console)
    console.print()
    console.print(Text(tally(diagnosis.checklist)))
    if diagnosis.not_checked:
        names = listed(tuple(diagnosis.not_checked))
        rest = f"Not checked: {printable(names)}."
        console.print(Text(rest, style="dim"))
    if page is not None:
        console.print(Text(f"\n{shown(page.absolute())}", style="dim"), soft_wrap=True)


def by_phase(items: Sequence[Item]) -> Iterator[tuple[Phase, list[Item]]]:
    """The boxes of each phase, in its place."""
    for phase in Phase:
        mine = [item for item in items if item.phase is phase]
        if mine:
            yield phase, mine


def _together(items: list[Item]) -> list[Item]:
    """The boxes; as one, where the same is said of all of them."""
    first = items[0]
    if len(items) > 1 and len({(item.state, item.text) for item in items}) == 1:
        return [replace(first, item=f"all {len(items)} boxes")]
    return items


def tally(items: Sequence[Item]) -> str:
    """How many boxes are ticked, crossed and left open.

    >>> box = Item(phase=Phase.AFTER, item="a", state=State.OK, text="")
    >>> tally([box])
    '1 box ticked by machine, 0 crossed, 0 yours to judge'
    """
    states = Counter(item.state for item in items)
    ticked = count(states[State.OK], "box").replace("boxs", "boxes")
    return (
        f"{ticked} ticked by machine, {states[State.WRONG]} crossed, "
        f"{states[State.YOURS]} yours to judge"
    )


def _print(item: Item, console: Console) -> None:
    width = min(console.width, WIDEST)
    head = Text(f"{MARKS[item.state]} ", style=COLOURS[item.state])
    name = capital(printable(item.item))
    text = Text(printable(item.text), style="" if item.state is State.WRONG else "dim")
    if width < ROOM:
        _wrapped(head, Text(name), 2, console, width)
        _wrapped(Text("  "), text, 2, console, width)
        return
    names = Text(name).wrap(console, ASIDE)
    texts = text.wrap(console, width - ASIDE - 4)
    for place in range(max(len(names), len(texts))):
        line = Text() + (head if place == 0 else Text("  "))
        said = names[place] if place < len(names) else Text()
        said.rstrip()
        line.append_text(said).pad_right(ASIDE - len(said.plain) + 2)
        if place < len(texts):
            line.append_text(texts[place])
        line.rstrip()
        console.print(line)


def _wrapped(head: Text, text: Text, indent: int, console: Console, width: int) -> None:
    for place, piece in enumerate(text.wrap(console, max(width - indent, 10))):
        piece.rstrip()
        front = head.copy() if place == 0 else Text(" " * indent)
        console.print(front.append_text(piece))
