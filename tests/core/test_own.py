"""`package.module:factory`: imported late, and what was looked for is said."""

import sys

import pytest

from wellfit.core.errors import BadSetting
from wellfit.core.own import imported, is_own
from wellfit.trainer.recipes import read_plain


@pytest.fixture
def folder(tmp_path):
    package = tmp_path / "own_nets_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "small.py").write_text(
        "WIDTH = 3\n\ndef build(width=WIDTH):\n    return ['net', width]\n"
    )
    (package / "broken.py").write_text("import nothing_of_that_name\n")
    (package / "wrong.py").write_text("1 / 0\n")
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def test_it_is_imported_from_the_folder_which_is_then_forgotten(folder):
    before = list(sys.path)
    build = imported("own_nets_of_a_test.small:build", key="model.name", folder=folder)
    assert build(width=5) == ["net", 5]
    assert sys.path == before


def test_reading_a_recipe_imports_nothing(folder):
    recipe = read_plain(
        {
            "data": {"source": "own_nets_of_a_test.wrong:data"},
            "model": {"name": "own_nets_of_a_test.wrong:build", "params": {"any": [1]}},
            "objective": {"name": "own_nets_of_a_test.wrong:loss"},
        }
    )
    assert recipe.model.params == {"any": [1]}
    assert "own_nets_of_a_test.wrong" not in sys.modules


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("own_netz:build", "there is no module 'own_netz', neither in "),
        ("own_nets_of_a_test.big:build", "no module 'own_nets_of_a_test.big'"),
        ("own_nets_of_a_test.small:bild", "has no 'bild'; did you mean 'build'?"),
        ("own_nets_of_a_test.small:WIDTH", "is a int: a function or a class was"),
        ("own_nets_of_a_test.broken:a", "failed with ModuleNotFoundError: No module"),
        ("own_nets_of_a_test.wrong:a", "failed with ZeroDivisionError: division by"),
    ],
)
def test_what_is_not_there_is_told(folder, name, sentence):
    with pytest.raises(BadSetting, match=r"^model\.name names ") as wrong:
        imported(name, key="model.name", folder=folder)
    assert sentence in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("a:b", True),
        ("a.b.c:d.e", True),
        ("mlp", False),
        ("C:\\data.csv", False),
        ("a:b:c", False),
        ("a/b:c", False),
        ("1a:b", False),
        ("a.csv", False),
        (":a", False),
    ],
)
def test_the_form_of_it(name, own):
    assert is_own(name) is own
