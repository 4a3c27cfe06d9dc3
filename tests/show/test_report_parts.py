import json
import re
from dataclasses import replace

import numpy as np
import pytest

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.run import Run
from wellfit.show.report.curves import curves
from wellfit.show.report.depth import depth
from wellfit.show.report.page import render
from wellfit.show.report.prose import first_sentence, found, markdown, sentence, what
from wellfit.show.report.recipe import recipe
from wellfit.show.report.setup import setting

EVIL = '</script><img src=x onerror="alert(1)"><!--'


def no_page(name: str) -> None:
    return None


def charts_in(html: str) -> dict:
    found = re.search(
        r'<script type="application/json" id="charts">(.*?)</script>', html
    )
    assert found is not None
    return json.loads(found.group(1), parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_what_a_run_says_is_escaped() -> None:
    layer = {"name": EVIL, "kind": EVIL, "parameters": 4, "tensors": [EVIL]}
    run = Run.of(
        {
            f"train/grad_norm@{EVIL}": [1.0, 2.0],
            f"val/recall@{EVIL}": [0.5],
            "loss": [2],
        },
        facts={
            "command": {"script": EVIL, "args": [EVIL]},
            "model": {"class": EVIL, "parameters": 4, "layers": [layer]},
            "versions": {EVIL: EVIL},
            "data": {"rows": 1, "columns": [{"name": EVIL, "kind": EVIL}]},
        },
    )
    finding = Finding(
        rule=EVIL, severity=Severity.NOTE, confidence=1, summary=EVIL, where=(EVIL,)
    )
    html = render(run, Diagnosis(findings=(finding,)), page=lambda name: EVIL)
    assert "<img" not in html
    assert html.count("</script>") == 4
    assert charts_in(html)["charts"]["gradients"]["rows"] == [EVIL]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_null(bad: float) -> None:
    loss = [2.0, 1.0, bad, 1.0]
    run = Run.of(
        {"loss": loss, "train/grad_norm@a": loss, "train/dead_share@a": loss},
        facts={"objective": {"trivial": {"loss": bad}}},
    )
    charts = charts_in(render(run, Diagnosis(), page=no_page))["charts"]
    assert charts["loss"]["lines"][0]["raw"][1] == [2.0, 1.0, None, 1.0]
    assert charts["gradients"]["values"][0][2] is None


def test_sections_without_data_are_left_out() -> None:
    html = render(Run(), Diagnosis(), page=no_page)
    assert re.findall(r'<section id="([\w-]+)"', html) == []
    html = render(Run.of(loss=[2.0, 1.0]), Diagnosis(), page=no_page)
    assert re.findall(r'<section id="([\w-]+)"', html) == ["curves", "result"]


@pytest.mark.parametrize(("framework", "said"), [("table", "bee"), ("torch", "1")])
def test_classes_of_our_own_trainings_bear_their_labels(framework, said) -> None:
    facts = {
        "command": {"framework": framework},
        "data": {"target": {"name": "kind", "counts": {"ant": 3, "bee": 5}}},
        "objective": {"targets": {"counts": {"0": 3, "1": 5}}},
    }
    run = Run.of({"val/recall@0": [0.5], "val/recall@1": [0.75]}, facts=facts)
    page = render(run, Diagnosis(), page=no_page)
    cells = re.findall(r"<t[hd][^>]*>\s*([^<]*?)\s*</t[hd]>", page)
    assert said in cells
    assert ("bee" in cells) == (framework == "table")


def test_a_recipe_is_shown_with_its_reasons(by_recipe: Run) -> None:
    shown = recipe(by_recipe, Diagnosis())
    table, rest = shown.tables
    rows = {str(row[0]).replace("\u200b", ""): row[1:] for row in table.rows}
    said, reasons = by_recipe.facts["recipe"], by_recipe.facts["recipe"]["reasons"]
    assert set(rows) == set(reasons)
    assert rows["loop.batch_size"] == (
        str(said["loop"]["batch_size"]),
        reasons["loop.batch_size"],
    )
    assert rows["schedule.0"] == (
        "warm-up: share 0.05, floor 0",
        "Adam's first steps rest on few gradients",
    )
    others = dict(rest.rows)
    assert others["data"].startswith("source ")
    assert "kinds: number age, sex, body_mass_index" in others["data"]
    assert others["seed"] == "0"
    assert "version" not in others


def test_the_pace_of_a_training_is_told_in_rows(by_recipe: Run) -> None:
    assert ("Throughput", "7,680 rows a second") in setting(
        by_recipe, Diagnosis()
    ).facts


def test_a_million_steps_and_a_thousand_layers_stay_small() -> None:
    steps, few = 1_000_000, np.arange(2_000) * 500
    loss = np.exp(np.random.default_rng(0).normal(0, 1, steps))
    by_layer = {
        f"train/{name}@encoder.layers.{i}.attention.weight": dict.fromkeys(few, 0.3)
        for i in range(1_000)
        for name in ("grad_norm", "dead_share")
    }
    run = Run.of({"loss": loss, "val/loss": loss[::100], **by_layer})
    html = render(run, Diagnosis(), page=no_page)
    assert len(html) < 2_000_000
    drawn = charts_in(html)["charts"]["loss"]["lines"][0]["raw"][1]
    assert max(drawn) == pytest.approx(loss.max(), rel=1e-4)


def test_gradients_are_normalised_by_the_size_of_their_layer(sick: Run) -> None:
    layers = sick.facts["model"]["layers"]
    (chart,) = (c for c in depth(sick, Diagnosis()).charts if c.id == "gradients")
    first, last = chart.spec["rows"][0], chart.spec["rows"][-1]
    assert (first, last) == (layers[0]["name"], layers[-1]["name"])
    norm = np.hypot(
        sick.signal("grad_norm@net.14.weight").values[0],
        sick.signal("grad_norm@net.14.bias").values[0],
    )
    bare = replace(sick, facts={})
    (unknown,) = (c for c in depth(bare, Diagnosis()).charts if c.id == "gradients")
    assert unknown.spec["rows"][0] == "net.0.weight"
    size = layers[-1]["parameters"]
    assert chart.spec["values"][-1][0] == pytest.approx(
        np.log10(norm / np.sqrt(size)), abs=0.5
    )


def test_a_constant_learning_rate_is_no_curve(sick: Run, healthy: Run) -> None:
    def drawn(run: Run) -> list[str]:
        return [chart.id for chart in curves(run, Diagnosis()).charts]

    assert drawn(sick) == ["loss", "accuracy"]
    assert drawn(healthy) == ["loss", "accuracy", "learning-rate"]


def test_a_learning_rate_holds_until_the_end() -> None:
    run = Run.of({"loss": np.ones(100), "learning_rate": {0: 0.1, 50: 0.01}})
    (chart,) = (c for c in curves(run, Diagnosis()).charts if c.id == "learning-rate")
    assert chart.spec["lines"][0]["raw"] == [[0, 50, 99], [0.1, 0.01, 0.01]]


def test_spans_bear_the_numbers_of_the_findings(
    sick: Run, sick_diagnosis: Diagnosis
) -> None:
    html = render(sick, sick_diagnosis, page=no_page)
    marks = re.findall(r'id="found-([\d.]+)"', html)
    assert marks == ["1", "1.1", "1.1.1", "2"]
    spans = charts_in(html)["charts"]["loss"]["spans"]
    assert [(s["mark"], s["x"]) for s in spans] == [
        ("1", 0),
        ("1.1", 138),
        ("1.1.1", 69),
    ]


def test_the_lede_says_what_was_found(
    sick: Run, sick_diagnosis: Diagnosis, healthy_diagnosis: Diagnosis
) -> None:
    assert (
        what(sick)
        == "Sequential with 8,746 parameters was trained with SGD for 600 steps."
    )
    assert found(sick_diagnosis).endswith(
        "the most probable cause is vanishing gradients."
    )
    assert "healthy" in found(healthy_diagnosis)
    assert "too little" in found(Diagnosis())


def test_markdown_shows_what_it_must_not_obey() -> None:
    html = markdown(
        "# Title\n\nSee **this** <b>tag</b> [x](javascript:alert(1)) ![y](http://z)\n\n"
        "## Example\n>>> 1 < 2\nTrue\n\n- one, [paper](https://doi.org/x)\n"
    )
    assert "<strong>this</strong>" in html
    assert "<h4>Example</h4>" in html
    assert "&gt;&gt;&gt; 1 &lt; 2\nTrue\n</code></pre>" in html
    assert '<li>one, <a href="https://doi.org/x">paper</a></li>' in html
    assert "Title" not in html
    assert not re.search(r"<(b|img|blockquote)\b|href=.javascript", html)


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ("the loss rose", "The loss rose."),
        ("fc1 gets no gradient", "fc1 gets no gradient."),
        ("loss 3.", "Loss 3."),
        ("12 rows", "12 rows."),
    ],
)
def test_a_summary_becomes_a_sentence(summary: str, said: str) -> None:
    made = Finding(
        rule="r", severity=Severity.NOTE, confidence=1, summary=summary, where=("fc1",)
    )
    assert sentence(made) == said


def test_a_page_s_first_sentence() -> None:
    assert (
        first_sentence("# name\n\nOne thing,\nand on. Another.") == "One thing, and on."
    )
    assert first_sentence(None) == ""
