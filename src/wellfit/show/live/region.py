"""Some lines at the bottom of a terminal that are redrawn in place."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

# Terminals that know it show a frame at once; the others pass it over.
TOGETHER, SHOWN = "\x1b[?2026h", "\x1b[?2026l"


class Region:
    """The lines drawn last, which the next ones take the place of.

    The cursor rests below them and is never hidden: whatever ends the process, the
    terminal is as it was.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._widths: list[int] = []  # of the lines drawn last

    def draw(self, above: Sequence[str], lines: Sequence[Text]) -> None:
        """Print what is to stay, as it is, and draw the lines below it."""
        width = self._console.width - 1
        shown = [line.copy() for line in lines]
        for line in shown:
            line.truncate(width, overflow="ellipsis")
        with self._console.capture() as captured:
            for line in shown:
                self._console.print(line, no_wrap=True, crop=False, soft_wrap=True)
        kept = "".join(f"{line}\n" for line in above)
        text = f"{TOGETHER}{self._erase()}{kept}{captured.get()}{SHOWN}"
        self._widths = [line.cell_len for line in shown]
        self._console.file.write(text)
        self._console.file.flush()

    def _erase(self) -> str:
        """A terminal that became narrower has folded our lines: more rows to go up."""
        columns = max(self._console.width, 1)
        rows = sum(max(1, -(-width // columns)) for width in self._widths)
        return f"\r\x1b[{rows}A\x1b[J" if rows else "\r"
