import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from wellfit.cli.output import fail_on, write_json
from wellfit.core.errors import BadSetting
from wellfit.core.finding import Severity

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@given(data=PLAIN)
def test_whatever_it_is_given_it_writes_strict_json(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("json") / "out.json"
    write_json(data, path)
    read = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert without_nan(data) == read


def without_nan(data):
    if isinstance(data, dict):
        return {key: without_nan(value) for key, value in data.items()}
    if isinstance(data, list):
        return [without_nan(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def test_a_dash_is_standard_output(capsys):
    write_json({"at": datetime(2026, 1, 2, tzinfo=UTC), "run": Path("a")}, Path("-"))
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-01-02T00:00:00+00:00",
        "run": "a",
    }


def test_a_path_that_cannot_be_written_gets_a_sentence(tmp_path):
    with pytest.raises(BadSetting, match="--json must be a file that can be written"):
        write_json({}, tmp_path / "no" / "folder.json")


@pytest.mark.parametrize(
    ("worst", "limit"),
    [("warning", None), (None, "note"), ("note", "warning"), ("warning", "critical")],
)
def test_nothing_as_bad_as_the_limit_goes_on(worst, limit):
    fail_on(worst and Severity(worst), limit and Severity(limit))


@pytest.mark.parametrize(
    ("worst", "limit"), [("note", "note"), ("critical", "warning")]
)
def test_as_bad_as_the_limit_ends_with_10(worst, limit):
    with pytest.raises(typer.Exit) as ended:
        fail_on(Severity(worst), Severity(limit))
    assert ended.value.exit_code == 10
