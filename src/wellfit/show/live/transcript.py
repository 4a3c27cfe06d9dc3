"""What a script prints to its terminal, as lines that will not change any more."""

import codecs
import re
from typing import NamedTuple

HIGHEST = 30  # rows that a script may go back up
LONGEST = 256  # characters of an escape sequence that is not whole yet
TAB = 8

TOKEN = re.compile(
    r"\x1b\[(?P<numbers>[0-?]*)[ -/]*(?P<command>[@-~])"  # what steers
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles and links
    r"|\x1b[^\[\]]"
    r"|(?P<control>[\x00-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?\Z")


class _Cell(NamedTuple):
    style: str  # the colour sequences in force
    text: str


class Transcript:
    """Follows a stream as a terminal would: `feed` gives the lines that are done.

    A line is done once the cursor has left it for good: below it, and further away
    than the script has ever gone back up, as progress bars do. `pending` is the rest.
    Colours are kept; whatever else steers a terminal is obeyed or left out.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._rows: list[list[_Cell]] = [[]]
        self._row = self._column = 0
        self._style = ""
        self._reach = 0

    @property
    def pending(self) -> list[str]:
        """The rows that may still change, without empty ones at the end."""
        rows = [_printed(row) for row in self._rows]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def feed(self, data: bytes) -> list[str]:
        """Take what was printed, and give the lines that are done now."""
        text = self._rest + self._decode(data)
        cut = UNFINISHED.search(text)
        whole = cut is None or len(text) - cut.start() > LONGEST
        self._rest = "" if cut is None or whole else text[cut.start() :]
        done: list[str] = []
        for token in TOKEN.finditer(text.removesuffix(self._rest)):
            if token["text"] is not None:
                self._write(token["text"])
            elif token["control"] is not None:
                self._control(token["control"])
            elif token["command"] is not None:
                self._command(token["command"], token["numbers"])
            while self._row > self._reach:
                done.append(_printed(self._rows.pop(0)))
                self._row -= 1
        return done

    def end(self) -> list[str]:
        """What is left when nothing more will come."""
        left, self._rows, self._row = self.pending, [[]], 0
        return left

    def _write(self, text: str) -> None:
        row = self._rows[self._row]
        row += [_Cell("", " ")] * (self._column - len(row))
        end = self._column + len(text)
        row[self._column : end] = [_Cell(self._style, c) for c in text]
        self._column = end

    def _control(self, control: str) -> None:
        if control == "\n":
            self._move(1)
            self._column = 0
        elif control == "\r":
            self._column = 0
        elif control == "\b":
            self._column = max(self._column - 1, 0)
        elif control == "\t":
            self._column += TAB - self._column % TAB

    def _command(self, command: str, numbers: str) -> None:
        first = numbers.partition(";")[0]
        count = min(int(first), 9999) if first.isdigit() else 0
        if command == "m":
            begins = re.match(r"0*(?:;|$)", numbers) is not None
            before = "" if begins or len(self._style) > LONGEST else self._style
            ends = begins and not numbers.strip("0;")
            self._style = "" if ends else f"{before}\x1b[{numbers}m"
        elif command in "AF":
            self._move(-max(count, 1))
        elif command in "BE":
            self._move(max(count, 1))
        elif command in "CD":
            by = max(count, 1) if command == "C" else -max(count, 1)
            self._column = max(self._column + by, 0)
        elif command in "KJ":
            self._erase(count, below=command == "J")
        if command in "EFG":
            self._column = max(count - 1, 0) if command == "G" else 0

    def _move(self, rows: int) -> None:
        if rows < 0:
            self._reach = min(max(self._reach, -rows), HIGHEST)
        self._row = max(self._row + rows, 0)
        while len(self._rows) <= self._row:
            self._rows.append([])

    def _erase(self, what: int, *, below: bool) -> None:
        row = self._rows[self._row]
        if what == 0:
            del row[self._column :]
        elif what == 1:
            row[: self._column + 1] = [_Cell("", " ")] * (self._column + 1)
        else:
            row.clear()
        if below and what != 1:
            del self._rows[self._row + 1 :]


def _printed(row: list[_Cell]) -> str:
    parts, style = [], ""
    for cell in row:
        if cell.style != style:
            parts.append("\x1b[0m" * bool(style) + cell.style)
            style = cell.style
        parts.append(cell.text)
    return "".join(parts).rstrip() + "\x1b[0m" * bool(style)
