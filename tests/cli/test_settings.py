"""`[tool.wellfit]` in pyproject.toml."""

import re
from pathlib import Path

import pytest

from wellfit.cli.settings import Settings, project
from wellfit.core.errors import BadSetting
from wellfit.core.finding import Severity


def written(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_project_all_is_as_it_comes(tmp_path):
    assert project(tmp_path) == Settings()


def test_a_project_without_the_table_too(tmp_path):
    assert project(written(tmp_path, "[tool.other]\nout = 3")) == Settings()


def test_every_key_is_read(tmp_path):
    text = """
        [tool.wellfit]
        out = "kept"
        ignore = ["unscaled-inputs"]
        fail-on = "critical"
        overhead = "1%"
        every = 10
        seed = 3
        [tool.wellfit.rules.overfitting]
        ratio = 2
    """
    assert project(written(tmp_path, text)) == Settings(
        out=tmp_path / "kept",
        ignore=("unscaled-inputs",),
        fail_on=Severity.CRITICAL,
        overhead="1%",
        every=10,
        seed=3,
        rules={"overfitting": {"ratio": 2}},
    )


def test_the_nearest_project_above_counts(tmp_path):
    written(tmp_path, "[tool.wellfit]\nseed = 1")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert project(below).seed == 1
    written(tmp_path / "a", "[tool.wellfit]\nseed = 2")
    assert project(below).seed == 2


def test_a_whole_number_stays_one(tmp_path):
    text = "[tool.wellfit.rules.overfitting]\nwindow = 3\nratio = 2.5"
    said = project(written(tmp_path, text)).rules["overfitting"]
    assert [type(value) for value in said.values()] == [int, float]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("ignor = []", "has no key 'ignor'; did you mean 'ignore'?"),
        ("fail-no = 'note'", "has no key 'fail_no'; did you mean 'fail-on'?"),
        ("every = 'x'", "every must be a valid integer; got 'x'"),
        ("seed = true", "seed must be a valid integer; got True"),
        ("ignore = 'a'", "ignore must be a valid array; got 'a'"),
        (
            "fail-on = 'bad'",
            "fail-on must be 'note', 'warning' or 'critical'; got 'bad'",
        ),
        (
            "rules.overfitting.ratio = 'x'",
            "rules.overfitting.ratio must be a valid number; got 'x'",
        ),
        ("every = ", "must be a TOML file; reading it: Invalid value (at line 2"),
    ],
)
def test_what_cannot_be_gets_one_sentence(tmp_path, line, sentence):
    folder = written(tmp_path, f"[tool.wellfit]\n{line}\n")
    with pytest.raises(BadSetting, match=re.escape(sentence)) as error:
        project(folder)
    assert str(folder / "pyproject.toml") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_that_is_none_is_refused(tmp_path):
    with pytest.raises(BadSetting, match="must be a table; got 3"):
        project(written(tmp_path, "[tool]\nwellfit = 3"))
