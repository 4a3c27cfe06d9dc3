"""Where trainings are kept: a folder each, named after all that went into it.

The folder is `$WELLFIT_BENCH`, else `bench/faults/.cache`. A training is made anew
where its setting or the code that trains it has changed, and where the taps have: what
a run holds is their work. To diagnose again, nothing is trained.
"""

import ast
import hashlib
import json
import os
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from bench.faults.setting import Setting

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src" / "wellfit"
# What trains: a change in any of them makes other trainings.
CODE = ("bases", "kit", "loops", "nets", "setting", "spoil", "trees")


def folder() -> Path:
    return Path(os.environ.get("WELLFIT_BENCH") or HERE / ".cache")


@cache
def code() -> str:
    """The version of the code that trains."""
    files = [HERE / f"{name}.py" for name in CODE]
    return _digest([*files, *sorted((HERE / "data").glob("*.py"))])


@cache
def taps() -> str:
    """The version of the code that watches, judges the data it saw, and records."""
    rooms = ("taps", "record", "data")
    return _digest(sorted(f for room in rooms for f in (SOURCE / room).rglob("*.py")))


def _digest(files: list[Path]) -> str:
    """Of what the files do: comments, layout and types of functions do not count."""
    digest = hashlib.sha256()
    for file in files:
        tree = ast.parse(file.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                node.returns = None
            elif isinstance(node, ast.arg):
                node.annotation = None
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()[:16]


def place(setting: Setting) -> Path:
    """The folder of a training; `run` in it is what was seen."""
    return folder() / setting.key(code())


def outcome(setting: Setting) -> dict[str, Any] | None:
    """What came of a training; None where it has not been made."""
    file = place(setting) / "outcome.json"
    if not file.exists():
        return None
    said: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return said


def keep(setting: Setting, said: dict[str, Any]) -> None:
    """Write down what came of a training."""
    text = json.dumps(said | {"setting": asdict(setting), "taps": taps()}, indent=1)
    target = place(setting) / "outcome.json"
    target.with_suffix(".part").write_text(text + "\n", "utf-8")
    target.with_suffix(".part").replace(target)  # whole, or not at all
