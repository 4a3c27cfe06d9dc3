"""What the bench of repairs teaches is counted as a ledger is, and reads as one."""

import json
from dataclasses import asdict, replace

import pytest

from bench.repair.learn import learnt_of, write
from wellfit.trials.experience import BENCH, Entry
from wellfit.trials.ledger import learnt

ENTRY = Entry(
    rule="divergence",
    remedy="warm-up",
    params={"steps": 100},
    beside=(),
    framework="",
    task="",
    stage="search",
    outcome="tried",
    helped=True,
    gain=0.25,
    pairs=2,
    steps=None,
)


def case(name, *entries):
    return {"case": name, "taught": [asdict(entry) for entry in entries]}


def test_cases_are_counted_by_rule_and_remedy(tmp_path):
    cases = [
        case("one", ENTRY, replace(ENTRY, beside=("clip-gradients",), helped=False)),
        case("two", replace(ENTRY, helped=False, gain=-0.1)),
        {"case": "three", "outcome": "error: it broke"},
    ]
    (found,) = learnt_of(cases)
    assert (found.tried, found.helped, found.gain) == (2, 1, pytest.approx(0.075))
    results, to = tmp_path / "repair.json", tmp_path / "learnt.json"
    results.write_text(json.dumps({"cases": cases}))
    assert "3 cases taught of 1 remedies" in write(results, to)
    (read,) = learnt(to)
    assert read == replace(found, source=BENCH)


def test_results_that_do_not_say_what_was_tried_teach_nothing(tmp_path):
    with pytest.raises(SystemExit, match=r"bench\.repair first"):
        write(tmp_path / "none.json", tmp_path / "learnt.json")
    (tmp_path / "repair.json").write_text(json.dumps({"cases": [{"case": "one"}]}))
    with pytest.raises(SystemExit, match=r"bench\.repair again"):
        write(tmp_path / "repair.json", tmp_path / "learnt.json")
    assert not (tmp_path / "learnt.json").exists()
