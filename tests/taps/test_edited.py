"""A text that is run in the place of a file, whose lines stay those of the file."""

import json
import subprocess
import sys
import traceback

import pytest

from wellfit.taps.edited import Edited, compiled, write_texts

BEFORE = "first = 1\nsecond = 2\n\ndef fails():\n    return 1 / 0\n\nfails()\n"
AFTER = "new = 0\n" + BEFORE.replace("second = 2", "second = (\n    3\n)")


def test_tracebacks_name_the_lines_of_the_file():
    space = {}
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compiled(BEFORE, AFTER, "train.py"), space)
    assert space["second"] == 3
    frames = traceback.extract_tb(caught.value.__traceback__)[1:]
    assert [(f.filename, f.lineno) for f in frames] == [
        ("train.py", 7),
        ("train.py", 5),
    ]


def test_a_text_that_is_not_edited_is_compiled_as_ever():
    lines = [line for *_, line in compiled(BEFORE, BEFORE, "train.py").co_lines()]
    assert lines == [
        line for *_, line in compile(BEFORE, "train.py", "exec").co_lines()
    ]


def test_modules_are_loaded_from_their_texts(tmp_path, monkeypatch):
    (tmp_path / "edited_one.py").write_text("value = 1\n")
    (tmp_path / "edited_other.py").write_text("value = 2\n")
    path = write_texts(tmp_path / "run", {tmp_path / "edited_one.py": "value = 5\n"})
    monkeypatch.syspath_prepend(tmp_path)
    edited = Edited.read(path, str)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    edited.attach()
    one, other = __import__("edited_one"), __import__("edited_other")
    assert (one.value, other.value) == (5, 2)
    assert one.__file__ == str(tmp_path / "edited_one.py")
    assert not (tmp_path / "__pycache__" / "edited_one.cpython-311.pyc").exists()


def test_where_there_are_none_nothing_is_attached(tmp_path):
    before = list(sys.meta_path)
    assert write_texts(tmp_path, {}) is None
    Edited.read(None, str).attach()
    assert sys.meta_path == before


@pytest.mark.parametrize("module", [False, True])
def test_a_script_is_run_from_its_text(tmp_path, module):
    (tmp_path / "train.py").write_text("import beside\nprint('own', beside.who)\n")
    (tmp_path / "beside.py").write_text("who = 'own'\n")
    texts = {
        tmp_path / "train.py": "import beside\nprint('edited', beside.who)\n",
        tmp_path / "beside.py": "who = 'edited'\n",
    }
    settings = {
        "folder": str(tmp_path / "run"),
        "module": module,
        "overhead": 0.02,
        "every": None,
        "rank": False,
        "tell": None,
        "edited": {"texts": write_texts(tmp_path / "run", texts), "changes": []},
    }
    launch = [sys.executable, "-m", "wellfit.taps.launch", json.dumps(settings)]
    ran = subprocess.run(
        [*launch, "train" if module else "train.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "edited edited\n"
