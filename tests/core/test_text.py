"""The text of a recipe: plain data, its lines, and nothing that could be run."""

import pytest

from wellfit.core.errors import BadSetting
from wellfit.core.text import LARGEST, parse_text, parse_value, read_text

TEXT = """\
# a recipe

data:
  source: a.csv   # beside
  drop:
    - a
    - no
# above
# and more
loop: {epochs: 3, budget: "1m"}
"""


def test_each_key_has_its_line_and_each_comment_its_key():
    document = parse_text(TEXT, name="r.yaml")
    assert document.data["data"] == {"source": "a.csv", "drop": ["a", "no"]}
    assert document.line(("data", "drop", 1)) == 7
    assert document.line(("loop", "budget")) == 10
    assert document.line(("loop", "nothing", "of", "it")) == 10
    assert document.reasons == {"data.source": "beside", "loop": "above and more"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        (".5", 0.5),
        ("007", 7),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("2020-01-01", "2020-01-01"),
        ("1:30", "1:30"),
        ("0x1f", "0x1f"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1_000", "1_000"),
        ("~", None),
        ("", None),
        ("[1, a]", [1, "a"]),
        ("{a: 1}", {"a": 1}),
        ("'1'", "1"),
    ],
)
def test_values_are_those_of_yaml_1_2(text, value):
    found = parse_value(text, name="--set")
    assert found == value
    assert type(found) is type(value)


BOMB = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(30))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "line 1: a recipe has no anchors"),
        ("a: !!python/name:os.system x", "a recipe has no tags"),
        ("a: !own x", "a recipe has no tags"),
        ("a: " + "x" * LARGEST, "too large for a recipe"),
        ("a: " + "[" * 5000, "at most 20 levels"),
        ("<<: {a: 1}\nb: \x00", "is not YAML"),
        ("a: 1\n  b: 2", "line 2: this is not YAML"),
    ],
    ids=["bomb", "object", "tag", "large", "deep", "bytes", "indent"],
)
def test_what_is_no_plain_data_is_refused(text, said):
    with pytest.raises(BadSetting, match=said) as wrong:
        parse_text(text, name="r.yaml")
    assert "\n" not in str(wrong.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "r.yaml"
    with pytest.raises(BadSetting, match=r"cannot be read: No such file"):
        read_text(path)
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(BadSetting, match="not a text of UTF-8"):
        read_text(path)
    path.write_bytes(b"#" * (4 * LARGEST + 1))
    with pytest.raises(BadSetting, match="too large"):
        read_text(path)
    with pytest.raises(BadSetting, match="cannot be read"):
        read_text(tmp_path)
