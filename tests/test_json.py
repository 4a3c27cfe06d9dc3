"""What programs rely on: docs/json.md, docs/schema and the code say the same.

To update the schemas: WELLFIT_UPDATE_SNAPSHOTS=1, and read what changed.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from math import inf, nan
from pathlib import Path
from random import Random
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field
from pydantic.json_schema import GenerateJsonSchema

from wellfit.core.checklist import Item, Phase, State
from wellfit.core.finding import Diagnosis, Evidence, Finding, NotChecked, Severity
from wellfit.core.plan import Change, Plan
from wellfit.core.treatment import Treatment
from wellfit.core.verdict import Effect, Outcome, Verdict
from wellfit.record import Recorder

DOCS = Path(__file__).parent.parent / "docs"


class Form(BaseModel):
    """A form of the JSON. Programs must bear fields to come; these tests bear none."""

    @classmethod
    def check(cls, data: object) -> None:
        """Fail where the data have another form, or a field that it does not name."""
        cls.model_validate_json(json.dumps(data), strict=True, extra="forbid")


class Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: object) -> bool:
        return False


class EvidenceForm(Form):
    signal: str | None
    step: int | None
    value: float | None
    text: str


class FindingForm(Form):
    rule: str
    severity: Literal["note", "warning", "critical"]
    confidence: Annotated[float, Field(ge=0, le=1)]
    summary: str
    where: list[str]
    since: int | None
    evidence: list[EvidenceForm]
    causes: list[str]
    because: str
    remedies: list[str]


class NotCheckedForm(Form):
    rule: str
    reason: str


class DiagnosisForm(Form):
    version: Literal[1] = Field(alias="schema")
    run: str | None
    script_exit: int | None
    healthy: bool | None
    findings: list[FindingForm]
    not_checked: list[NotCheckedForm]


class ItemForm(Form):
    phase: Literal["tried", "before", "during", "after", "engineering"]
    item: str
    state: Literal["ok", "wrong", "yours"]
    text: str


class CheckForm(DiagnosisForm):
    checklist: list[ItemForm]


class MetricForm(Form):
    name: str
    greater_is_better: bool


class CandidateForm(Form):
    model: str
    validation: dict[str, float | None]
    seconds: float


class TrainForm(Form):
    version: Literal[1] = Field(alias="schema")
    run: str
    model: str
    task: Literal["classification", "regression"]
    metric: MetricForm
    validation: dict[str, float | None]
    test: dict[str, float | None]
    trivial: dict[str, float | None]
    candidates: list[CandidateForm]
    findings: list[FindingForm]
    not_checked: list[NotCheckedForm]


class ListedForm(Form):
    run: str
    written: datetime
    model: str | None
    steps: int
    train_loss: float | None
    val_loss: float | None
    ended: Literal["done", "failed", "interrupted", "unfinished"]


class RowForm(Form):
    name: str
    values: list[str | float | None]


class EffectForm(Form):
    median: float | None
    low: float | None
    high: float | None


class ChangeForm(Form):
    change: str
    params: dict[str, float]
    id: str


class VerdictForm(Form):
    plan: list[ChangeForm]
    outcome: Literal["better", "worse", "no-effect", "failed", "tried"]
    effect: EffectForm | None
    trials: int


class BaselineForm(Form):
    mean: float | None
    values: list[float | None]


class BestForm(BaselineForm):
    effect: EffectForm | None


class TreatForm(Form):
    version: Literal[1] = Field(alias="schema")
    outcome: Literal["better", "no-effect", "healthy", "failed", "tried"]
    metric: MetricForm
    baseline: BaselineForm
    best: BestForm
    plan: list[ChangeForm]
    verdicts: list[VerdictForm]
    trials: int
    seconds: float


SCHEMAS = {
    "check": CheckForm,
    "diagnosis": DiagnosisForm,
    "train": TrainForm,
    "treat": TreatForm,
}
SECTIONS = {
    "## `wellfit run` and `wellfit diagnose`": DiagnosisForm,
    "### A finding": FindingForm,
    "### A piece of evidence": EvidenceForm,
    "### Not checked": NotCheckedForm,
    "## `wellfit check`": CheckForm,
    "### A box of the checklist": ItemForm,
    "## `wellfit train`": TrainForm,
    "### A metric": MetricForm,
    "### A candidate": CandidateForm,
    "## `wellfit treat`": TreatForm,
    "### A baseline": BaselineForm,
    "### An effect": EffectForm,
    "### A change": ChangeForm,
    "### A verdict": VerdictForm,
    "### A run in the list": ListedForm,
    "### A row": RowForm,
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_of_this_form(name):
    path = DOCS / "schema" / f"{name}.schema.json"
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SCHEMAS[name].model_json_schema(schema_generator=Untitled),
        "title": f"wellfit {name}",
    }
    text = json.dumps(made, indent=2).replace("Form", "") + "\n"
    if os.environ.get("WELLFIT_UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("heading", SECTIONS)
def test_the_page_names_every_field(heading):
    page = (DOCS / "json.md").read_text(encoding="utf-8")
    section = re.split(r"^##", page.split(f"{heading}\n")[1], flags=re.MULTILINE)[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    form = SECTIONS[heading]
    assert named == [field.alias or name for name, field in form.model_fields.items()]


FULL = Diagnosis(
    findings=(
        Finding(
            rule="vanishing-gradients",
            severity=Severity.CRITICAL,
            confidence=0.9,
            summary="the first layer's gradient is a millionth of the last's",
            where=("net.0",),
            since=3,
            evidence=(
                Evidence(text="so small", signal="grad_norm", step=3, value=1e-9),
            ),
            causes=("unscaled-inputs",),
            remedies=("swap-activations",),
        ),
    ),
    not_checked={"overfitting": NotChecked(reason="no signal val/loss was recorded")},
    run=Path("wellfit-runs/one"),
    script_exit=0,
)


@pytest.mark.parametrize("diagnosis", [FULL, Diagnosis()], ids=["full", "empty"])
def test_a_diagnosis_has_this_form(diagnosis):
    DiagnosisForm.check(diagnosis.to_json())


def test_a_check_has_this_form():
    box = Item(phase=Phase.TRIED, item="shapes", state=State.YOURS, text="not checked")
    CheckForm.check(replace(FULL, checklist=(box,)).to_json())


@pytest.mark.parametrize("outcome", Outcome)
def test_a_treatment_has_this_form(outcome):
    known = outcome is not Outcome.FAILED
    verdict = Verdict(
        plan=Plan.of(Change(change="clip-gradients", params={"norm": 1.0})),
        outcome=outcome,
        control=(1.0, nan),
        treated=(0.5, 0.25),
        effect=Effect(median=0.5, low=-inf, high=inf) if known else None,
    )
    treatment = Treatment(
        path=Path("one"),
        metric="val/loss",
        greater_is_better=False,
        verdict=verdict,
        seconds=1.5,
    )
    TreatForm.check(treatment.to_json())
    TreatForm.check(replace(treatment, verdict=None, tried=(verdict,)).to_json())


def said(folder: Path, *words: object) -> object:
    """The JSON that a command writes to standard output, and nothing beside it."""
    command = [sys.executable, "-m", "wellfit", *map(str, words)]
    ended = subprocess.run(
        command, check=True, cwd=folder, stdout=subprocess.PIPE, text=True
    )
    return json.loads(ended.stdout, parse_constant=pytest.fail)


SCRIPT = """
import torch
torch.set_num_threads(1)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e20)
for _ in range(30):
    loss = torch.nn.functional.mse_loss(model(torch.randn(8, 4)), torch.randn(8, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("the script's own line")
"""


def test_run_and_diagnose_write_this_form(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    run = said(tmp_path, "run", "--out", "one", "--json", "-", "train.py")
    DiagnosisForm.check(run)
    assert run["script_exit"] == 0
    assert run["healthy"] is False  # at that rate nothing stays finite
    diagnosed = said(tmp_path, "diagnose", "one", "--json", "-")
    DiagnosisForm.check(diagnosed)
    assert diagnosed["findings"] == run["findings"]


def test_list_and_show_write_these_forms(tmp_path):
    with Recorder(tmp_path / "wellfit-runs" / "one") as recorder:
        recorder.fact("model", {"class": "Net", "parameters": 7})
        recorder.value("train/loss", 0, float("nan"))
    (listed,) = said(tmp_path, "list", "--json", "-")["runs"]
    ListedForm.check(listed)
    shown = said(tmp_path, "show", "one", "--json", "-")
    assert shown["runs"] == ["wellfit-runs/one"]
    for row in shown["rows"]:
        RowForm.check(row)


def test_train_writes_this_form(tmp_path):
    random = Random(0)
    rows = [(random.random(), random.random()) for _ in range(120)]
    lines = ["size,age,price", *(f"{x},{y},{3 * x - y}" for x, y in rows)]
    (tmp_path / "houses.csv").write_text("\n".join(lines))
    words = ("train", "houses.csv", "--target", "price", "--budget", "10s")
    TrainForm.check(trained := said(tmp_path, *words, "--json", "-"))
    assert trained["task"] == "regression"
    assert (tmp_path / trained["model"]).is_dir()
