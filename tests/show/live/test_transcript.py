import re

import pytest

from wellfit.show.live.transcript import Transcript


def feed(*parts: str) -> tuple[list[str], list[str]]:
    transcript = Transcript()
    done = [line for part in parts for line in transcript.feed(part.encode())]
    return done, transcript.pending


@pytest.mark.parametrize(
    ("printed", "done", "pending"),
    [
        ("a\r\nb\r\n", ["a", "b"], []),
        ("a\r\nb", ["a"], ["b"]),
        ("10 %\r20 %\r", [], ["20 %"]),
        ("10 %\r20 %\nnext\n", ["20 %", "next"], []),
        ("a long one\rshort", [], ["shortg one"]),
        ("a long one\r\x1b[Kshort", [], ["short"]),
        ("a long one\x1b[2K\rshort", [], ["short"]),
        ("abc\b\bX", [], ["aXc"]),
        ("a\tb", [], ["a       b"]),
        ("\x1b[31mred\x1b[0m plain\n", ["\x1b[31mred\x1b[0m plain"], []),
        ("\x1b[1m\x1b[31mboth\x1b[m\n", ["\x1b[1m\x1b[31mboth\x1b[0m"], []),
        ("\x1b[?25lhidden\x1b[?25h\n", ["hidden"], []),
        ("\x1b]0;title\x07text\n", ["text"], []),
        ("\x1b[2J\x1b[Hcleared\n", ["cleared"], []),
        ("bell\x07 and \x00 null\n", ["bell and  null"], []),
        ("é ✓ 漢\n", ["é ✓ 漢"], []),
        ("\n\n", ["", ""], []),
    ],
)
def test_lines_are_as_a_terminal_shows_them(
    printed: str, done: list[str], pending: list[str]
) -> None:
    assert feed(printed) == (done, pending)


def test_it_does_not_matter_how_the_bytes_are_cut() -> None:
    printed = "\x1b[31mréd\x1b[0m 10 %\r\x1b[1;32m20 %\x1b[0m\n\x1b]0;t\x1b\\é\nend"
    whole = Transcript()
    done, data = whole.feed(printed.encode()), printed.encode()
    for size in (1, 2, 3, 5):
        cut = Transcript()
        parts = [data[i : i + size] for i in range(0, len(data), size)]
        assert [line for part in parts for line in cut.feed(part)] == done
        assert cut.pending == whole.pending


def test_bars_below_each_other_are_kept_until_they_rest() -> None:
    transcript = Transcript()
    for share in (10, 20, 30):
        transcript.feed(f"\x1b[1A\r\x1b[2Kouter {share}\n\x1b[2Kinner {share}".encode())
    assert transcript.pending == ["outer 30", "inner 30"]
    done = transcript.feed(b"\ndone\n")
    assert [*done, *transcript.end()] == ["outer 30", "inner 30", "done"]


@pytest.mark.parametrize(
    "printed", ["\x1b[", "\x1b[" + "1;" * 500, "\x1b]0;" + "x" * 900]
)
def test_what_never_ends_holds_nothing_up(printed: str) -> None:
    transcript = Transcript()
    transcript.feed(printed.encode())
    done = transcript.feed(b"m\x07\nafter\n")
    assert done[-1] == "after"
    assert not any(re.search("\x1b\\](?!0)", line) for line in done)


def test_invalid_bytes_are_shown_as_such() -> None:
    assert Transcript().feed(b"\xff\xfe ok\n") == ["�� ok"]
