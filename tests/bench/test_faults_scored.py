"""From what was trained and said to figures: what counts, and how it is counted."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from bench.faults import generate, report, score, store
from bench.faults.bases import BASES
from bench.faults.cases import Case
from bench.faults.diagram import reliability
from bench.faults.judge import Judged, Said, judge
from bench.faults.measure import sort
from bench.faults.quick import cases, passes
from bench.faults.setting import Setting

PLAIN = replace(BASES["blobs-dense"].usual, rows=200, epochs=2, batch=16, rate=0.01)
SEEDS = (0, 1)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("WELLFIT_BENCH", str(tmp_path))
    return tmp_path


def keep(setting: Setting, score: float, **said: object) -> None:
    store.place(setting).mkdir(parents=True)
    plain = {
        "ending": "done",
        "score": score,
        "seen": score,
        "trivial": 0.2,
        "trivial_loss": 1.6,
        "val_losses": [1.0, 0.5],
    }
    store.keep(setting, plain | said)


def pair(fault_scores: tuple[float, float], fault: str = "rate-high") -> list[Case]:
    """Two healthy seeds that get 0.95, and their twins with a fault."""
    made = []
    for seed, got in zip(SEEDS, fault_scores, strict=True):
        twin = replace(PLAIN, seed=seed)
        bad = replace(twin, rate=1.0)
        keep(twin, 0.95 + 0.001 * seed)
        keep(bad, got)
        made.append(Case(setting=twin, number=0, side="tuning"))
        made.append(
            Case(
                setting=bad, number=0, side="tuning", fault=fault, strength=1, twin=twin
            )
        )
    return made


def counted(cases: list[Case]) -> list[str]:
    return sorted(case.fault for case in sort(cases).counted)


@pytest.mark.usefixtures("kept")
def test_a_fault_that_costs_counts() -> None:
    assert counted(pair((0.5, 0.6))) == ["", "", "rate-high", "rate-high"]


@pytest.mark.usefixtures("kept")
def test_a_fault_that_costs_nothing_does_not_count() -> None:
    found = sort(pair((0.949, 0.952)))
    assert [case.fault for case in found.counted] == ["", ""]
    assert len(found.dropped["costs nothing measurable"]) == 2


@pytest.mark.usefixtures("kept")
def test_a_fault_that_costs_in_one_seed_of_two_does_not_count() -> None:
    assert counted(pair((0.95, 0.85))) == ["", ""]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("got", "said", "why"),
    [
        (0.5, {}, "it gets too little"),
        (0.95, {"val_losses": [1.0, 0.2, 0.6]}, "its validation loss rises"),
        (0.95, {"val_losses": [1.0, float("nan")]}, "a loss is not finite"),
    ],
)
def test_what_is_not_healthy_is_not_counted_as_such(
    got: float, said: dict[str, object], why: str
) -> None:
    keep(PLAIN, got, **said)
    found = sort([Case(setting=PLAIN, number=0, side="tuning")])
    assert not found.counted
    assert list(found.dropped) == [f"not healthy: {why}"]


@pytest.mark.usefixtures("kept")
def test_a_training_is_made_once_and_diagnosed_from_what_was_seen() -> None:
    case = Case(setting=PLAIN, number=0, side="tuning")
    assert generate.needed([case, case]) == [PLAIN]
    assert generate.generate([PLAIN]) == {"done": 1}
    assert generate.needed([case]) == []
    said = store.outcome(PLAIN)
    assert said is not None
    assert 0.2 < said["score"] <= 1
    assert len(said["val_losses"]) == PLAIN.epochs
    assert judge(case).unchecked


@pytest.mark.usefixtures("kept")
def test_a_training_that_crashes_is_told_so() -> None:
    broken = replace(PLAIN, activation="none such")
    assert generate.generate([broken]) == {"crashed": 1}
    said = store.outcome(broken)
    assert said is not None
    assert said["error"].startswith("KeyError")


def judged(fault: str, *rules: str, confidence: float = 0.8) -> Judged:
    findings = tuple(Said(rule=r, confidence=confidence, summary="") for r in rules)
    case = Case(setting=PLAIN, number=0, side="tuning", fault=fault)
    return Judged(case=case, findings=findings, unchecked=())


SAID = [
    judged(""),
    judged("", "overfitting"),
    judged("rate-high", "learning-rate-too-high", "underfitting"),
    judged("rate-high", "underfitting", "divergence", "learning-rate-too-high"),
    judged("rate-high", "a", "b", "c", "learning-rate-too-high"),
    judged("rate-high"),
]


def test_shares_are_of_the_runs_they_are_about() -> None:
    shares = score.bars(SAID)
    assert {name: (s.count, s.of_all) for name, s in shares.items()} == {
        "healthy runs with a finding": (1, 2),
        "faulty runs with a finding": (3, 4),
        "cause among the first three": (2, 4),
        "cause first": (1, 4),
    }


def test_a_rule_has_its_false_alarms_and_its_hits() -> None:
    rules = score.by_rule(SAID)
    assert rules["overfitting"]["false alarms"].value == 0.5
    assert rules["learning-rate-too-high"]["sensitivity"].value == 0.75
    assert rules["learning-rate-too-high"]["false alarms"].value == 0.0
    assert rules["label-noise"]["sensitivity"].value is None


def test_an_interval_is_that_of_clopper_and_pearson() -> None:
    share = score.Share.of(4, 20)
    assert share.low == pytest.approx(0.0573, abs=1e-4)
    assert share.high == pytest.approx(0.4366, abs=1e-4)
    assert score.Share.of(20, 20).high == 1.0


def test_calibration_compares_what_is_said_with_what_is_right() -> None:
    said = [
        judged("rate-high", "learning-rate-too-high", confidence=0.95),
        judged("rate-high", "target-leakage", confidence=0.55),
        judged("rate-high", "underfitting", confidence=0.55),  # neither right nor wrong
        judged("", "overfitting", confidence=0.52),
    ]
    found = score.calibration(said)
    assert [row["findings"] for row in found["bins"]] == [2, 1]
    assert [row["right"] for row in found["bins"]] == [0.0, 1.0]
    assert 0 < found["expected_error"] < 1


def test_the_diagram_is_a_picture_with_a_dot_a_bin() -> None:
    bins = [{"said": 0.5, "right": 0.4, "findings": 3}]
    picture = ET.fromstring(reliability(bins))
    dots = picture.findall("{http://www.w3.org/2000/svg}circle")
    assert len(dots) == 1


def test_the_page_is_filled_from_the_results(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page, picture = tmp_path / "accuracy.md", tmp_path / "calibration.svg"
    page.write_text(report.PAGE.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "PICTURE", picture)
    report.write_page()
    again = page.read_text("utf-8")
    report.write_page()
    assert page.read_text("utf-8") == again
    told = json.loads(report.RESULTS.read_text("utf-8"))
    side = "untouched" if "untouched" in told else "tuning"
    assert f"the *{side}* half" in again


def test_the_page_in_the_docs_is_that_of_the_results() -> None:
    told = json.loads(report.RESULTS.read_text("utf-8"))
    side = "untouched" if "untouched" in told else "tuning"
    page = report.PAGE.read_text("utf-8")
    for table in report.tables(side, told[side]).values():
        assert table in page


def test_the_quick_sample_needs_no_real_data_and_has_whole_pairs() -> None:
    sample = cases()
    assert not any(BASES[case.setting.base].shared for case in sample)
    assert any(case.fault for case in sample)
    settings = {case.setting for case in sample}
    assert len(settings) == len(sample)


def test_a_quick_sample_with_a_false_alarm_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert passes([judged("", "overfitting")]) == 1
    assert "overfitting" in capsys.readouterr().out
