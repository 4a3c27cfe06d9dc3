"""The ledger: written by many, never lost, and never in the way."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from wellfit.record.home import home
from wellfit.trials import ledger as module
from wellfit.trials.experience import BENCH, Entry
from wellfit.trials.ledger import VERSION, Ledger, experience, learnt
from wellfit.verbs.explain import explain, page_of

ENTRY = Entry(
    rule="divergence",
    remedy="lower-learning-rate",
    params={"factor": 0.1},
    beside=(),
    framework="torch",
    task="regression",
    stage="search",
    outcome="tried",
    helped=True,
    gain=0.25,
    pairs=2,
    steps=600,
)
WORSE = replace(ENTRY, remedy="clip-gradients", params={"norm": 1.0}, helped=False)


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("WELLFIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WELLFIT_LEDGER")
    found = Ledger.here()
    assert found is not None
    return found


def test_what_is_kept_is_read_back(ledger):
    ledger.keep("one", [ENTRY, replace(WORSE, beside=("warm-up",), gain=None)])
    again = Ledger(path=ledger.path)
    assert again.entries() == [
        ("one", ENTRY),
        ("one", replace(WORSE, beside=("warm-up",), gain=None)),
    ]
    assert again.notes == []
    (said,) = ledger.notes
    assert "what was tried is kept in" in said
    again.keep("two", [ENTRY])
    assert again.notes == []  # it is said once


def test_a_treatment_that_goes_on_counts_once(ledger):
    ledger.keep("one", [ENTRY])
    ledger.keep("two", [ENTRY])
    ledger.keep("one", [replace(ENTRY, helped=False)])
    (found,) = ledger.experience()
    assert (found.tried, found.helped) == (2, 1)
    (others,) = ledger.experience(but="one")
    assert (others.tried, others.helped) == (1, 1)


def test_what_was_healthy_leaves_no_file(ledger):
    ledger.keep("one", [])
    assert not ledger.path.parent.exists()
    assert ledger.experience() == ()
    assert ledger.notes == []


WRITER = """
import sys
from wellfit.trials.ledger import Ledger
from tests.trials.test_ledger import ENTRY

for number in range(15):
    ledger = Ledger.here()
    ledger.keep(f"{sys.argv[1]}-{number}", [ENTRY, ENTRY])
    assert len(ledger.notes) <= 1, ledger.notes
    assert not any("could not" in note for note in ledger.notes), ledger.notes
"""


def test_processes_write_at_once(ledger):
    environ = {**os.environ, "WELLFIT_HOME": str(ledger.path.parent)}
    root = str(Path(__file__).parents[2])
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name],
            env=environ | {"PYTHONPATH": os.pathsep.join([root, *sys.path])},
        )
        for name in ("ada", "eve")
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    kept = ledger.entries()
    assert len(kept) == 2 * 15 * 2
    assert {name for name, _ in kept} == {
        f"{who}-{number}" for who in ("ada", "eve") for number in range(15)
    }


@pytest.mark.parametrize("how", ["text", "cut", "spoilt"])
def test_a_damaged_file_is_put_aside_and_said(ledger, how):
    many = [replace(ENTRY, rule=f"rule-{number}") for number in range(400)]
    ledger.keep("old", many)
    whole = ledger.path.read_bytes()
    spoilt = {
        "text": b"this is no database " * 100,
        "cut": whole[: len(whole) // 2],
        "spoilt": whole[:100] + b"\xff" * (len(whole) - 100),
    }[how]
    ledger.path.write_bytes(spoilt)
    after = Ledger(path=ledger.path)
    after.keep("new", [ENTRY])
    aside = ledger.path.with_name("ledger.damaged-1.db")
    assert aside.read_bytes() == spoilt
    assert after.entries() == [("new", ENTRY)]
    assert "damaged" in after.notes[0]
    assert aside.name in after.notes[0]


def test_a_damaged_file_is_put_aside_by_who_reads_it(ledger):
    ledger.path.parent.mkdir()
    for number in (1, 2):
        ledger.path.write_bytes(b"no database" * 99)
        reading = Ledger(path=ledger.path)
        assert reading.experience() == ()
        assert f"ledger.damaged-{number}.db" in reading.notes[0]
    assert not ledger.path.exists()


def test_a_newer_one_is_left_alone(ledger):
    ledger.keep("one", [ENTRY])
    with closing(sqlite3.connect(ledger.path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
        db.execute("ALTER TABLE verdicts ADD COLUMN weather TEXT NOT NULL DEFAULT ''")
    before = ledger.path.read_bytes()
    again = Ledger(path=ledger.path)
    again.keep("two", [ENTRY])
    assert "a newer wellfit has made it" in again.notes[0]
    assert ledger.path.read_bytes() == before
    assert [name for name, _ in again.entries()] == ["one"]  # what it can read


def test_where_nothing_can_be_written_it_is_only_said(ledger):
    ledger.path.parent.write_text("a file where the folder should be")
    ledger.keep("one", [ENTRY])
    (said,) = ledger.notes
    assert "could not be written" in said
    assert ledger.experience() == ()


def test_a_ledger_that_is_held_by_another_is_waited_for_and_given_up(
    ledger, monkeypatch
):
    monkeypatch.setattr(module, "WAITING", 0.1)
    ledger.keep("one", [ENTRY])
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        late = Ledger(path=ledger.path)
        late.keep("two", [ENTRY])
    assert "locked" in late.notes[0]
    assert [name for name, _ in ledger.entries()] == ["one"]


@pytest.mark.parametrize("said", ["off", "0", "False", "no"])
def test_it_can_be_switched_off(ledger, monkeypatch, said):
    ledger.keep("one", [ENTRY])
    assert experience()
    monkeypatch.setenv("WELLFIT_LEDGER", said)
    assert Ledger.here() is None
    assert experience() == ()


def test_where_the_folder_is(monkeypatch, tmp_path):
    monkeypatch.delenv("WELLFIT_HOME", raising=False)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home() == tmp_path / "wellfit"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert home() == Path.home() / ".local" / "share" / "wellfit"
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert home() == Path.home() / "Library" / "Application Support" / "wellfit"
    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert home() == tmp_path / "wellfit"


def test_what_the_bench_has_learnt_is_read(tmp_path):
    one = {"rule": "r", "remedy": "a", "tried": 97, "helped": 84, "gain": 0.21}
    file = tmp_path / "learnt.json"
    file.write_text(json.dumps({"experience": [one]}))
    (found,) = learnt(file)
    assert (found.source, str(found)) == (
        BENCH,
        "helped in 84 of 97 trials, median +0.21",
    )
    assert learnt(tmp_path / "none.json") == ()
    assert all(0 <= known.helped <= known.tried for known in learnt())


def test_explain_says_what_trials_say(ledger):
    assert explain("clip-gradients", ledger=False) == page_of("clip-gradients")
    ledger.keep("one", [ENTRY, WORSE])
    ledger.keep("two", [ENTRY, replace(ENTRY, rule="")])
    page = explain("divergence")
    assert page.startswith(page_of("divergence"))
    assert "## What trials say" in page
    assert "- `lower-learning-rate`: helped in 2 of 2 trials, median +0.25" in page
    assert "- `clip-gradients`: helped in 0 of 1 trial, median +0.25" in page
    page = explain("Lower_learning_rate")
    assert "- against `divergence`: helped in 2 of 2 trials, median +0.25" in page
    assert "- whatever was found: helped in 1 of 1 trial" in page
    assert "trials say" not in explain("grad_norm")
