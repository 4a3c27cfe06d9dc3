"""A folder of links: what is read is the user's, what is written the trial's."""

import os
import subprocess
import sys

import pytest

from wellfit.taps.mirrors import Mirror


@pytest.fixture
def project(tmp_path):
    """A project as people have them: code, data beside it, what earlier runs left."""
    home = tmp_path / "home" / "project"
    for folder in ("code/lib", "code/out", "data/deep", "code/wellfit-runs/old"):
        (home / folder).mkdir(parents=True)
    files = {
        "code/train.py": "import lib.net\n",
        "code/lib/net.py": "",
        "code/notes.txt": "mine",
        "code/out/best.pt": "the best",
        "data/deep/rows.csv": "1,2",
    }
    for name, text in files.items():
        (home / name).write_text(text)
    return home


@pytest.fixture
def mirror(project, tmp_path):
    return Mirror.made(tmp_path / "trial", project / "code")


def here(mirror, project, name):
    return type(project)(mirror.here(project / name))


def test_everything_is_there_and_code_is_copied(mirror, project):
    code = here(mirror, project, "code")
    assert (code / "out" / "best.pt").read_text() == "the best"
    assert (code / ".." / "data" / "deep" / "rows.csv").read_text() == "1,2"
    assert not (code / "train.py").is_symlink()
    assert (code / "lib").is_symlink()
    assert not (code / "wellfit-runs").exists()
    assert mirror.original(str(code / "lib" / "net.py")) == str(
        project / "code" / "lib" / "net.py"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("code/notes.txt", True),
        ("code/out/best.pt", False),
        ("data/deep/new.csv", True),
        ("data/deep/rows.csv", True),
    ],
)
def test_what_is_written_through_a_link_is_the_mirrors_own(
    mirror, project, name, content
):
    before = {p: p.read_text() for p in project.rglob("*") if p.is_file()}
    place = here(mirror, project, name)
    mirror.loosen(str(place), content=content)
    own = before.get(project / name)
    assert place.exists() == (content and own is not None)
    with place.open("a") as file:
        file.write("!")
    assert place.read_text() == ((own or "") if content else "") + "!"
    assert before == {p: p.read_text() for p in project.rglob("*") if p.is_file()}


def test_a_folder_is_opened_to_be_changed(mirror, project):
    out = here(mirror, project, "code/out")
    mirror.loosen(str(out), whole=True)
    (out / "best.pt").unlink()
    out.rmdir()
    assert (project / "code" / "out" / "best.pt").read_text() == "the best"


def test_what_is_left_is_what_was_written(mirror, project):
    code = here(mirror, project, "code")
    mirror.loosen(str(code / "out" / "last.pt"))
    (code / "out" / "last.pt").write_text("the last")
    (code / "new.py").write_text("made = 1")
    mirror.clear()
    left = {p.name for p in code.rglob("*")}
    assert left == {"out", "last.pt", "new.py"}
    assert not here(mirror, project, "data").exists()


def test_a_mirror_in_which_nothing_was_written_is_gone(mirror, project):
    mirror.clear()
    assert not os.path.lexists(mirror.top)


def test_a_mirror_within_the_folder_does_not_mirror_itself(project):
    out = project / "code" / "treated"
    mirror = Mirror.made(out / "trials" / "seed-0" / "files", project / "code")
    assert not here(mirror, project, "code/treated").exists()
    assert here(mirror, project, "code/lib").exists()


WRITING = """
import os, shutil, sqlite3, sys
from pathlib import Path
from wellfit.taps.mirrors import Mirror
from wellfit.taps.writes import Writes
top, of, folder, elsewhere = sys.argv[1:]
writes = Writes(Mirror(top, of), folder)
writes.attach()
Path("notes.txt").write_text("new")
with open("out/best.pt", "ab") as file:
    file.write(b"!")
os.rename("../data/deep/rows.csv", "../data/deep/moved.csv")
os.remove("lib/net.py")
sqlite3.connect("out/base.db").execute("create table a (b)")
shutil.rmtree("../data")
open(elsewhere + "/seen.txt").read()
open(elsewhere + "/told.txt", "w").write("x")
os.makedirs(elsewhere + "/made", exist_ok=True)
print(*writes.finish(), sep="\\n")
Path("after.txt").write_text("x")
"""


def test_what_a_process_writes_is_kept_or_told(mirror, project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "seen.txt").write_text("seen")
    before = {p: p.read_text() for p in project.rglob("*") if p.is_file()}
    code = here(mirror, project, "code")
    words = [mirror.top, mirror.of, str(tmp_path / "trial"), str(elsewhere)]
    ran = subprocess.run(
        [sys.executable, "-c", WRITING, *words],
        cwd=code,
        env={**os.environ, "TMPDIR": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    told = [str(elsewhere / name) for name in ("told.txt", "made")]
    assert ran.stdout.split() == told
    assert before == {p: p.read_text() for p in project.rglob("*") if p.is_file()}
    assert (code / "notes.txt").read_text() == "new"
    assert (code / "out" / "best.pt").read_text() == "the best!"
