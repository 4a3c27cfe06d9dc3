"""How many rounds the loops around a line go, as their source has it."""

import linecache
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from wellfit.taps.torch.experiments.loops import loops_around


def rounds(source: str, **names: Any) -> list[int | None]:
    """Of the loops around the call of `here`, outermost first."""
    seen: list[list[dict[str, Any]]] = []

    def here() -> None:
        seen.append(loops_around(sys._getframe(1), "/nowhere"))

    file = "/script.py"
    lines = [f"{line}\n" for line in source.splitlines()]
    linecache.cache[file] = (len(source), None, lines, file)
    exec(compile(source, file, "exec"), {"here": here, **names})
    mine = [loop for loop in seen[0] if loop["text"] in source]
    return [loop["rounds"] for loop in mine]


@pytest.mark.parametrize(
    ("source", "names", "expected"),
    [
        ("for i in range(3): here()", {}, [3]),
        (
            "for i in range(1, args.n + 1):\n  here()",
            {"args": SimpleNamespace(n=4)},
            [4],
        ),
        ("for i, x in enumerate(xs):\n  here()", {"xs": [1, 2]}, [2]),
        ("for i in range(0, len(xs), 2):\n  here()", {"xs": [1] * 5}, [3]),
        ("for a in xs:\n  for b in zip(xs, xs):\n    here()", {"xs": [1, 2]}, [2, 2]),
        ("n = 0\nwhile n < 1:\n  n += 1\n  here()", {}, [None]),
        ("for x in iter(xs):\n  here()", {"xs": [1]}, [None]),
        (
            "def f():\n  for x in xs:\n    here()\nfor y in xs:\n  f()",
            {"xs": [1, 2]},
            [2, 2],
        ),
        ("for x in xs: pass\nhere()", {"xs": [1]}, []),
        ("for x in c['n']:\n  here()", {"c": {"n": [1, 2, 3]}}, [3]),
    ],
)
def test_loops_are_counted(source, names, expected):
    assert rounds(source, **names) == expected


def test_nothing_of_the_script_is_run_to_count():
    class Config:
        @property
        def epochs(self):
            raise AssertionError("it was run")

    try:
        found = rounds(
            "try:\n  for i in range(2 if 1 else config.epochs): here()\n"
            "except ZeroDivisionError: pass",
            config=Config(),
        )
    finally:
        linecache.clearcache()
    assert found == [None]
