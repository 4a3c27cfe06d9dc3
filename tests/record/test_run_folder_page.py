"""docs/run-folder.md and the tables, held together."""

import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from wellfit.record import Recorder
from wellfit.record.schema import SCHEMA, TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "run-folder.md").read_text()


def test_every_table_and_column_is_documented():
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES)
    tables = [
        n for (n,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    ]
    for table in tables:
        (row,) = re.findall(rf"^\| `{table}` \|.*$", PAGE, re.MULTILINE)
        for _, column, *_ in db.execute(f"PRAGMA table_info({table})"):
            assert f"`{column}`" in row or f"\n| `{column}` |" in PAGE
    db.close()
    assert f"`schema` in `meta`, now {SCHEMA}:" in PAGE


@pytest.mark.parametrize("steps", [range(0, 6, 2), [3, 1, 4], [7]])
def test_a_run_can_be_read_as_the_page_says(tmp_path, monkeypatch, capsys, steps):
    with Recorder(tmp_path) as recorder:
        for step in steps:
            recorder.value("loss", step, step / 8)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    steps = np.array(steps)
    assert capsys.readouterr().out == f"{steps} {np.float32(steps / 8)}\n"
