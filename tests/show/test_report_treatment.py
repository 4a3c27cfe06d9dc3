"""The page of a treatment: what it says first, and that all of it is there."""

import json
import subprocess
import sys
from dataclasses import replace
from math import isnan, nan
from pathlib import Path

import pytest

from wellfit.core.errors import BadRun
from wellfit.core.finding import Evidence
from wellfit.core.plan import Plan
from wellfit.core.treatment import Treatment
from wellfit.core.verdict import Outcome
from wellfit.show.report import report
from wellfit.show.report.treatment import sentence, treatment_page
from wellfit.show.report.trials import curves_chart, effects_chart, pairs_chart
from wellfit.trials.effect import effect_of
from wellfit.trials.executors.local import Local
from wellfit.trials.kept import (
    FILE,
    Kept,
    id_of,
    is_treatment,
    keep,
    open_treatment,
)


def same(one: object, other: object) -> bool:
    """Equal, where NaN equals NaN: by what both say of themselves."""
    return repr(one) == repr(other)


def test_a_treatment_is_read_back_as_it_was(kept: Kept, treatment: Treatment) -> None:
    assert same(kept.treatment, treatment)
    assert isnan(kept.treatment.verdict.control[1])
    (_, rate) = kept.treatment.findings[0].evidence
    assert isinstance(rate, Evidence)
    assert (kept.id, id_of(treatment.path)) == ("one", "one")
    assert kept.command == ("train.py", "--token", "***")
    assert all(a.is_dir() and b.is_dir() for a, b in kept.pairs)
    assert len(kept.pairs) == len(treatment.verdict.control)


def test_what_stands_there_is_what_json_gives(kept: Kept, treatment: Treatment) -> None:
    said = json.loads((treatment.path / FILE).read_text(), parse_constant=pytest.fail)
    said.pop("kept")
    assert said == treatment.to_json()


def test_the_folder_can_be_moved(kept: Kept, tmp_path: Path) -> None:
    kept.treatment.path.rename(tmp_path / "moved")
    try:
        moved = open_treatment(tmp_path / "moved")
        assert all(a.is_dir() for pair in moved.pairs for a in pair)
        assert moved.first.is_dir()
    finally:
        (tmp_path / "moved").rename(kept.treatment.path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no treatment can be read"),
        ('{"schema": 99}', "got 99"),
        ("[]", "got None"),
        ('{"schema": 1}', "lacks what a treatment has"),
    ],
)
def test_what_is_no_treatment_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert not is_treatment(tmp_path)
    with pytest.raises(BadRun, match="no treatment can be read"):
        open_treatment(tmp_path)
    (tmp_path / FILE).write_text(text)
    assert is_treatment(tmp_path)
    assert id_of(tmp_path) != id_of(tmp_path)
    with pytest.raises(BadRun, match=said):
        open_treatment(tmp_path)


def outcome(
    treatment: Treatment, of: Outcome, control: list[float], treated: list[float]
):
    verdict = replace(
        treatment.verdict,
        outcome=of,
        control=tuple(control),
        treated=tuple(treated),
        effect=effect_of([a - b for a, b in zip(control, treated, strict=True)]),
    )
    return replace(treatment, verdict=verdict)


PLAN = r"lower-learning-rate(factor=0.1) + clip-gradients(norm=1.0)"


def test_the_verdict_is_one_sentence(treatment: Treatment) -> None:
    assert sentence(treatment) == (
        f"{PLAN} makes it better: val/loss falls from 2,000 to 0.29 in the median over "
        "12 pairs of runs."
    )
    worse = outcome(treatment, Outcome.WORSE, [1.0] * 6, [2.0] * 6)
    assert "makes it worse: val/loss rises from 1 to 2" in sentence(worse)
    same_ = outcome(treatment, Outcome.NO_EFFECT, [1.0] * 3, [1.0] * 3)
    assert sentence(same_) == (
        f"{PLAN} changes nothing: runs with it are the same as without."
    )
    few = outcome(treatment, Outcome.NO_EFFECT, [1.0, 2.0], [0.9, 2.1])
    assert "is not decided: 2 pairs of runs are too few" in sentence(few)
    luck = outcome(treatment, Outcome.NO_EFFECT, [1.0] * 8, [0.9, 1.1] * 4)
    assert "no effect that could be told from luck by 8 pairs" in sentence(luck)
    never = replace(treatment.verdict, control=(), treated=(), effect=None)
    assert "no time for one pair" in sentence(replace(treatment, verdict=never))
    nothing = replace(treatment, verdict=None)
    assert "Nothing that could be tried helps" in sentence(nothing)
    assert "needs a remedy" in sentence(replace(nothing, healthy=True))
    assert "no time to try a change" in sentence(replace(nothing, tried=()))
    broken = outcome(treatment, Outcome.BETTER, [1.0] * 6, [0.5] * 6)
    control = (nan,) * 6
    broken = replace(broken, verdict=replace(broken.verdict, control=control))
    assert "6 of 6 runs fail as it is" in sentence(broken)


def test_pairs_are_drawn_with_those_that_failed(treatment: Treatment) -> None:
    chart = pairs_chart(treatment, treatment.verdict, range(1, 13))
    assert chart.spec["before"][1] is None
    assert chart.spec["after"][1] == 0.25
    assert chart.spec["log"]
    assert "Seed 2: failed as it is, 0.25 with the plan." in chart.label
    assert chart.keys[0].text == "2,000 in the median, 1 failed"


def test_curves_are_drawn_of_all_runs_and_their_medians(kept: Kept) -> None:
    from wellfit.record import open_run

    runs = [(open_run(a), open_run(b)) for a, b in kept.pairs]
    chart = curves_chart("val/loss", runs, kept.seeds)
    lines = chart.spec["lines"]
    assert [line["faint"] for line in lines] == [True] * 23 + [False] * 2
    assert [key.text for key in chart.keys] == ["11 runs", "12 runs"]
    after = lines[-1]["raw"][1]
    assert after[-1] == pytest.approx(0.29, rel=0.05)
    assert curves_chart("val/f1", runs, kept.seeds) is None


def test_effects_are_ranked_with_the_proof_on_top(treatment: Treatment) -> None:
    rows = effects_chart(treatment).spec["rows"]
    assert [row["proof"] for row in rows] == [True] + [False] * 6
    assert rows[0]["between"][0] > 0
    good = {row["name"]: row["good"] for row in rows[1:]}
    assert good["clip-gradients(norm=1.0)"]
    assert not good["swap-activations(to=relu)"]
    assert all(-1 <= gain <= 1 for row in rows for gain in row["gains"])
    assert effects_chart(replace(treatment, verdict=None, tried=())) is None


def test_all_of_it_stands_on_the_page(kept: Kept) -> None:
    page = treatment_page(kept, page=lambda name: None)
    for said in (
        "makes it better",
        "27 runs and 4 min 32 s",
        "judged by val/loss: smaller is better",
        "11 of 12",
        "change: lower-learning-rate",
        "wellfit run --with",
        "train.py --token &#39;***&#39;",
        "wellfit.apply(",
        "the loss rises from 3.1 to 90,000".capitalize(),
        "changes nothing: no module squashes",
        "failed: nothing",
        "did not help",
        "better on 2 seeds",
        "exploding gradients",
    ):
        assert said in page, said
    assert page.index("makes it better") < page.index("The proof</h2>")
    assert "tulip" not in page


def test_without_its_runs_the_page_stands_all_the_same(
    kept: Kept, tmp_path: Path
) -> None:
    gone = replace(kept, first=tmp_path, pairs=((tmp_path, tmp_path),) * 12)
    assert "makes it better" in treatment_page(gone, page=lambda name: None)


def test_what_is_not_decided_says_how_to_go_on(kept: Kept) -> None:
    few = outcome(kept.treatment, Outcome.NO_EFFECT, [1.0, 2.0], [0.9, 2.1])
    said = replace(kept, treatment=few, seeds=(1, 2), pairs=kept.pairs[:2])
    page = treatment_page(said, page=lambda name: None)
    assert "wellfit treat --budget 1h --out" in page
    assert "wellfit run --with" not in page


def test_the_plan_as_a_diff_stands_on_the_page(kept: Kept) -> None:
    diff, rest = (kept.treatment.path / name for name in ("changes.diff", "left.yaml"))
    diff.write_text("--- a/train.py\n+++ b/train.py\n-lr=0.9\n+lr=0.09\n")
    rest.write_text("version: 1\n")
    try:
        page = treatment_page(kept, page=lambda name: None)
    finally:
        diff.unlink()
        rest.unlink()
    assert "patch -p1 &lt; " in page
    assert "+lr=0.09" in page
    assert "what it lacks is in left.yaml" in page
    assert "patch -p1" not in treatment_page(kept, page=lambda name: None)


def test_what_is_only_trusted_says_so(kept: Kept, tmp_path: Path) -> None:
    (trusted, *_) = kept.treatment.tried
    path = tmp_path / "trusted"
    path.mkdir()
    given = replace(kept.treatment, path=path, verdict=trusted)
    local = Local(words=["train.py"], module=True, folder=path)
    keep(given, local, first=local.place(Plan(), 0), id="two")
    read = open_treatment(path)
    assert read.seeds == (0, 1001)
    assert read.treatment.to_json() == given.to_json()
    page = treatment_page(read, page=lambda name: None)
    assert "lower-learning-rate(factor=0.1) seems to help: val/loss falls" in page
    assert "It is not proven." in page
    assert "The proof" not in page
    assert "wellfit treat --with" in page
    assert "-m train.py" in page


def test_what_was_left_alone_has_a_page(kept: Kept) -> None:
    well = replace(
        kept.treatment,
        verdict=None,
        healthy=True,
        baseline=(0.2,),
        findings=(),
        tried=(),
        notes=(),
    )
    page = treatment_page(
        replace(kept, treatment=well, pairs=()), page=lambda name: None
    )
    assert "Nothing was found that needs a remedy" in page
    assert "<section" not in page


def test_a_report_is_of_a_run_or_a_treatment(kept: Kept, tmp_path: Path) -> None:
    folder = kept.treatment.path
    assert report(folder) == folder / "report.html"
    assert "makes it better" in (folder / "report.html").read_text()
    assert report(kept.treatment, tmp_path / "it.html") == tmp_path / "it.html"
    run = report(kept.first, tmp_path / "run.html")
    assert "makes it better" not in run.read_text()


def wellfit(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wellfit", *map(str, words)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_commands_take_the_folder_of_a_treatment(
    kept: Kept, tmp_path: Path
) -> None:
    (tmp_path / "wellfit-runs").mkdir()
    (tmp_path / "wellfit-runs" / "one").symlink_to(kept.treatment.path)
    told = wellfit(tmp_path, "report", "one", "--out", "it.html")
    assert (told.returncode, told.stdout) == (0, "it.html\n")
    assert (tmp_path / "it.html").stat().st_size < 2_000_000
    shown = wellfit(tmp_path, "show", "one")
    assert "✔ lower-learning-rate(factor=0.1) + clip-gradients(norm=1.0)" in (
        shown.stdout
    )
    said = json.loads(wellfit(tmp_path, "show", "one", "--json", "-").stdout)
    assert said == kept.treatment.to_json()
    refused = wellfit(tmp_path, "report", "one", "--to", "tensorboard")
    assert refused.returncode == 2
    assert "is a treatment: name one of the runs in" in " ".join(refused.stderr.split())
    listed = wellfit(tmp_path, "list")
    assert listed.returncode == 0
