"""A terminal's screen as far as a test needs it: what stands where in the end."""

import re

TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n])")


class Screen:
    """Rows of text, without an end at the bottom; what it does not know, it refuses."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = [[]]
        self.row = self.column = 0
        self.frames = 0

    def write(self, text: str) -> "Screen":
        place = 0
        for token in TOKEN.finditer(text):
            assert token.start() == place, repr(text[place : place + 20])
            place = token.end()
            numbers, command, back, down, character = token.groups()
            if command:
                self._obey(numbers, command)
            elif back:
                self.column = 0
            elif down:
                self.row, self.column = self.row + 1, 0
                self.rows += [[]] * (self.row >= len(self.rows))
            else:
                row = self.rows[self.row] = list(self.rows[self.row])
                row += " " * (self.column - len(row))
                row[self.column : self.column + 1] = [character]
                self.column += 1
        assert place == len(text), repr(text[place:])
        return self

    def _obey(self, numbers: str, command: str) -> None:
        if command == "A":
            assert int(numbers) <= self.row
            self.row -= int(numbers)
        elif command == "J":
            assert numbers == ""
            assert self.column == 0
            self.rows[self.row :] = [[]]
        elif command == "h":
            self.frames += 1
        else:
            assert command in "lm", command

    @property
    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.rows]
